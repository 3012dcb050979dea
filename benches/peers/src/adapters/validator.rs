//! No runtime: only what all runtimes that validate have to do, wasmparser's parsing and validation.

use anyhow::{Result, bail};
use pirn_suite::runtime::{Instance, Program, Runtime};
use pirn_suite::wasi::Wasi;
use wasmparser::WasmFeatures;

/// wasmparser, validating.
#[derive(Debug)]
pub struct Validator;

struct Nothing;

impl Runtime for Validator {
    fn name(&self) -> &'static str {
        "validation alone"
    }

    fn compile(&self, modules: &[(&str, &[u8])]) -> Result<Box<dyn Program>> {
        let features = WasmFeatures::WASM2 | WasmFeatures::EXTENDED_CONST | WasmFeatures::TAIL_CALL;
        for (_, wasm) in modules {
            wasmparser::Validator::new_with_features(features).validate_all(wasm)?;
        }
        Ok(Box::new(Nothing))
    }
}

impl Program for Nothing {
    fn instantiate(&self, _: &Wasi) -> Result<Box<dyn Instance>> {
        Ok(Box::new(Self))
    }
}

impl Instance for Nothing {
    fn select(&mut self, _: &str) -> Result<()> {
        bail!("it runs nothing")
    }

    fn call(&mut self, _: i32) -> Result<i64> {
        bail!("it runs nothing")
    }

    fn start(&mut self) -> Result<i32> {
        bail!("it runs nothing")
    }
}
