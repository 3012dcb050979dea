//! The same counts by iai-callgrind, with caches and branches simulated:
//!
//! ```text
//! cargo install iai-callgrind-runner --version 0.16.1
//! cargo bench -p pirn-counts --bench iai
//! ```
//!
//! Calls are 10,000 iterations of a loop; the loop without a call is `calls empty`.

#![allow(missing_docs, reason = "iai-callgrind's macros make public items")]

use iai_callgrind::{library_benchmark, library_benchmark_group, main};
use pirn_suite::adapters::Pirn;
use pirn_suite::{Instance, Job, Runtime};
use std::hint::black_box;

fn calls(export: &str) -> Box<dyn Instance> {
    let mut instance = pirn_counts::calls(&Pirn::eager(), export).expect("the module is right");
    instance.select(export).expect("it is exported");
    instance.call(1).expect("it does not trap");
    instance
}

fn kernel(name: &str, n: i32) -> (Box<dyn Instance>, i32) {
    let mut case = pirn_counts::find(name).expect("the checkout is complete");
    case.job = Job::Kernel(n);
    let program = Pirn::eager().compile(&[("main", &case.wasm)]).expect("the module is right");
    let mut instance = program.instantiate(&case.wasi()).expect("the module is right");
    instance.select("run").expect("it is exported");
    (instance, n)
}

fn module(name: &str) -> Vec<u8> {
    pirn_counts::find(name).expect("the checkout is complete").wasm
}

#[library_benchmark]
#[bench::empty(calls("empty"))]
#[bench::local(calls("local"))]
#[bench::imported(calls("imported"))]
#[bench::indirect(calls("indirect"))]
#[bench::host(calls("host"))]
fn call(mut instance: Box<dyn Instance>) -> i64 {
    instance.call(black_box(10_000)).expect("it does not trap")
}

#[library_benchmark]
#[bench::fib(kernel("fib", 15))]
#[bench::dot(kernel("dot", 4))]
#[bench::crc(kernel("crc", 2_000))]
#[bench::sieve(kernel("sieve", 20_000))]
#[bench::quicksort(kernel("quicksort", 2_000))]
#[bench::matmul(kernel("matmul", 24))]
#[bench::watches(kernel("watches", 20))]
fn run((mut instance, n): (Box<dyn Instance>, i32)) -> i64 {
    instance.call(black_box(n)).expect("it does not trap")
}

#[library_benchmark]
#[bench::coremark(module("coremark"))]
#[bench::quicksort(module("quicksort"))]
fn decode(wasm: Vec<u8>) -> bool {
    Pirn::eager().compile(&[("main", black_box(&wasm))]).is_ok()
}

library_benchmark_group!(name = counts; benchmarks = call, run, decode);
main!(library_benchmark_groups = counts);
