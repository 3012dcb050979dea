//! wasmparser: validates a module, that of zlib, argument 1 times, and counts its operators.

use programs::number;
use wasmparser::{Parser, Payload, Validator};

const MODULE: &[u8] = include_bytes!("../../../../train/zlib.wasm");

fn main() {
    let (mut functions, mut operators, mut constants) = (0, 0, 0i64);
    for _ in 0..number(1) {
        Validator::new().validate_all(MODULE).expect("it is valid");
        for payload in Parser::new(0).parse_all(MODULE) {
            if let Payload::CodeSectionEntry(body) = payload.expect("it is valid") {
                functions += 1;
                for operator in body.get_operators_reader().expect("it is valid") {
                    operators += 1;
                    if let wasmparser::Operator::I32Const { value } = operator.expect("it is valid") {
                        constants = constants.wrapping_add(i64::from(value));
                    }
                }
            }
        }
    }
    println!("{functions} functions, {operators} operators, {constants}");
}
