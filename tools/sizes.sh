#!/usr/bin/env bash
# What a runtime adds to a program: builds the smallest embedder with each, stripped, and prints a table:
#
#     tools/sizes.sh [NAME...]      # the interpreters in Rust, if none is named; under target/sizes
#
# The embedder reads a module from the file of its argument, makes an instance and calls `run` with a number. Optimised for speed
# as in the benchmarks (fat LTO, one codegen unit), with no more features than that needs. "nothing" is a program that only reads
# the file. There are wasm3 (needs CC=clang and libclang), wasmtime-pulley and wasmtime-cranelift, too.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/target/sizes
mkdir -p "$out"

declare -A dependency source
add() {
    dependency[$1]=$2
    source[$1]=$3
}
names=(nothing pirn pirn-small wasmi tinywasm stitch sf-nano)
add nothing '' 'println!("{}", wasm.len());'
pirn='
    let engine = pirn::Engine::default();
    let module = pirn::Module::new(&engine, &wasm).unwrap();
    let mut store = pirn::Store::new(&engine, ());
    let instance = pirn::Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i32, i64>(&store, "run").unwrap();
    println!("{}", run.call(&mut store, 10).unwrap());'
add pirn "pirn = { path = \"$root\", default-features = false, features = [\"mined\"] }" "$pirn"
add pirn-small "pirn = { path = \"$root\", default-features = false }" "$pirn"
add wasmi 'wasmi = { version = "=2.0.0", default-features = false, features = ["std", "stable", "validate", "auto-dispatch"] }' '
    let engine = wasmi::Engine::default();
    let module = wasmi::Module::new(&engine, &wasm[..]).unwrap();
    let mut store = wasmi::Store::new(&engine, ());
    let instance = wasmi::Linker::new(&engine).instantiate_and_start(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<i32, i64>(&store, "run").unwrap();
    println!("{}", run.call(&mut store, 10).unwrap());'
add tinywasm 'tinywasm = { version = "=0.10.0", default-features = false, features = ["std", "parser"] }' '
    let module = tinywasm::parse_bytes(&wasm).unwrap();
    let mut store = tinywasm::Store::default();
    let instance = tinywasm::ModuleInstance::instantiate(&mut store, &module, None).unwrap();
    let run = instance.func::<i32, i64>(&store, "run").unwrap();
    println!("{}", run.call(&mut store, 10).unwrap());'
add stitch 'makepad-stitch = "=0.1.0"' '
    let engine = makepad_stitch::Engine::new();
    let module = makepad_stitch::Module::new(&engine, &wasm).unwrap();
    let mut store = makepad_stitch::Store::new(engine);
    let instance = makepad_stitch::Linker::new().instantiate(&mut store, &module).unwrap();
    let mut results = [makepad_stitch::Val::I64(0)];
    let run = instance.exported_func("run").unwrap();
    run.call(&mut store, &[makepad_stitch::Val::I32(10)], &mut results).unwrap();
    println!("{results:?}");'
add sf-nano 'sf-nano-core = { version = "=0.6.0", default-features = false, features = ["interp"] }' '
    let engine = sf_nano_core::Engine::new(sf_nano_core::Config::new()).unwrap();
    let mut world = sf_nano_core::RuntimeWorld::new();
    let module = sf_nano_core::Module::new("main", &wasm).unwrap();
    let id = world.instantiate(&engine, module, &[]).ok().unwrap();
    let run = world.instance(id).unwrap().get_func("run").unwrap();
    let mut results = [sf_nano_core::Value::I64(0)];
    world.instance_mut(id).unwrap().call(&run, &[sf_nano_core::Value::I32(10)], &mut results).unwrap();
    println!("{results:?}");'
add wasm3 'wasm3x = "=0.2.1"' '
    let engine = wasm3x::Engine::new(&wasm3x::Config::new());
    let module = wasm3x::Module::new(&engine, &wasm).unwrap();
    let mut store = wasm3x::Store::new(&engine, ());
    let instance = wasm3x::Linker::new(&engine).instantiate_and_start(&mut store, &module).unwrap();
    let run = instance.get_typed_func::<i32, i64>(&store, "run").unwrap();
    println!("{}", run.call(&mut store, 10).unwrap());'
wasmtime='
    let engine = wasmtime::Engine::new(&config).unwrap();
    let module = wasmtime::Module::new(&engine, &wasm).unwrap();
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i32, i64>(&mut store, "run").unwrap();
    println!("{}", run.call(&mut store, 10).unwrap());'
add wasmtime-pulley 'wasmtime = { version = "=48.0.8", default-features = false, features = ["runtime", "std", "cranelift", "pulley"] }' "
    let mut config = wasmtime::Config::new();
    config.target(\"pulley64\").unwrap();$wasmtime"
add wasmtime-cranelift 'wasmtime = { version = "=48.0.8", default-features = false, features = ["runtime", "std", "cranelift"] }' "
    let config = wasmtime::Config::new();$wasmtime"

# Of every embedder: the function that is called.
printf '\0asm\1\0\0\0\1\6\1\x60\1\x7f\1\x7e\3\2\1\0\7\7\1\3run\0\0\xa\7\1\5\0\x20\0\xac\x0b' > "$out/run.wasm"
(($#)) && names=("$@")
for name in "${names[@]}"; do
    [[ -v source[$name] ]] || { echo "there is no runtime $name, but ${!source[*]}" >&2; exit 1; }
done
printf '| runtime | bytes of the program |\n|---|--:|\n'
for name in "${names[@]}"; do
    directory=$out/$name
    mkdir -p "$directory/src"
    cat > "$directory/Cargo.toml" <<MANIFEST
[package]
name = "embedder"
edition = "2024"

[dependencies]
${dependency[$name]}

[profile.release]
lto = "fat"
codegen-units = 1
strip = true

[workspace]
MANIFEST
    printf 'fn main() {\n    let wasm = std::fs::read(std::env::args().nth(1).unwrap()).unwrap();\n    %s\n}\n' "${source[$name]}" \
        > "$directory/src/main.rs"
    cargo build --quiet --release --manifest-path "$directory/Cargo.toml" --target-dir "$directory/target" >&2
    program=$directory/target/release/embedder
    "$program" "$out/run.wasm" > "$directory/out"
    grep -q "$([[ $name == nothing ]] && wc -c < "$out/run.wasm" || echo 10)" "$directory/out"
    printf '| %s | %s |\n' "$name" "$(stat -c %s "$program")"
done
