//! What modules say of themselves, and which proposals they may use.

use crate::assert_says;
use pirn::{Config, CustomSection, Engine, Module};

/// A module in the text format.
fn module(wat: &str) -> Module {
    Module::new(&Engine::default(), wat).unwrap()
}

#[test]
fn names_of_the_name_section() {
    let named = module("(module $shop (import \"a\" \"b\" (func $imported)) (func) (func $\"\u{fc}ber\"))");
    assert_eq!(named.name(), Some("shop"));
    assert_eq!(named.func_name(0), Some("imported"));
    assert_eq!(named.func_name(1), None);
    assert_eq!(named.func_name(2), Some("\u{fc}ber"));
    assert_eq!(named.func_name(3), None);
    let unnamed = module("(module (func))");
    assert_eq!((unnamed.name(), unnamed.func_name(0)), (None, None));
}

/// A section of these contents.
fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    [&[id, contents.len() as u8], contents].concat()
}

#[test]
fn broken_name_sections_count_as_far_as_they_go() {
    // The module's name, then functions: the second one's name is not UTF-8, so it and what follows is not there.
    let funcs = section(1, &[3, 0, 1, b'f', 1, 1, 0xff, 2, 1, b'h']);
    let names = [section(0, &[1, b'm']), funcs].concat();
    let sections = [
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[3, 0, 0, 0]),
        section(10, &[3, 2, 0, 0x0b, 2, 0, 0x0b, 2, 0, 0x0b]),
        section(0, &[&[4], &b"name"[..], &names].concat()),
    ];
    let binary = [&b"\0asm\x01\0\0\0"[..], &sections.concat()].concat();
    let module = Module::from_binary(&Engine::default(), &binary).unwrap();
    assert_eq!(module.name(), Some("m"));
    assert_eq!([0, 1, 2].map(|funcidx| module.func_name(funcidx)), [Some("f"), None, None]);
}

#[test]
fn custom_sections_in_order() {
    let module = module(
        r#"(module (@custom "first" (before first) "\00\01") (func) (@custom "second" (after func) "") (memory 1) (@custom "first" "x"))"#,
    );
    let sections: Vec<_> = module.custom_sections().collect();
    let first = CustomSection { name: "first", data: &[0, 1] };
    let (second, again) = (CustomSection { name: "second", data: &[] }, CustomSection { name: "first", data: b"x" });
    assert_eq!(sections, [first, second, again]);
}

#[test]
fn resources_leave_imports_out() {
    let module =
        module(r#"(module (import "a" "t" (table 9 funcref)) (table 3 funcref) (table 7 externref) (memory 5 6))"#);
    let required = module.resources_required();
    assert_eq!((required.num_memories, required.max_initial_memory_size), (1, Some(5)));
    assert_eq!((required.num_tables, required.max_initial_table_size), (2, Some(7)));
    let none = self::module(r#"(module (import "a" "m" (memory 1)))"#).resources_required();
    assert_eq!((none.num_memories, none.max_initial_memory_size), (0, None));
    assert_eq!((none.num_tables, none.max_initial_table_size), (0, None));
}

/// Allows a proposal, or no longer.
type Switch = fn(&mut Config, bool) -> &mut Config;

#[test]
fn what_is_switched_off_is_refused() {
    // What modules need that use the proposal.
    let switches: [(&str, Switch, &str); 20] = [
        ("mutable global", Config::wasm_mutable_global, r#"(global (export "g") (mut i32) (i32.const 0))"#),
        ("saturating", Config::wasm_saturating_float_to_int, "(func (drop (i32.trunc_sat_f32_s (f32.const 0))))"),
        ("sign extension", Config::wasm_sign_extension, "(func (drop (i32.extend8_s (i32.const 0))))"),
        ("multi-value", Config::wasm_multi_value, "(func (result i32 i32) (i32.const 0) (i32.const 0))"),
        (
            "bulk memory",
            Config::wasm_bulk_memory,
            "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0)))",
        ),
        ("reference types", Config::wasm_reference_types, "(func (param externref))"),
        ("tail call", Config::wasm_tail_call, "(func $f (return_call $f))"),
        ("extended const", Config::wasm_extended_const, "(global i32 (i32.add (i32.const 0) (i32.const 0)))"),
        ("SIMD", Config::wasm_simd, "(global v128 (v128.const i64x2 0 0))"),
        ("multiple memories", Config::wasm_multi_memory, "(memory 1) (memory 1)"),
        ("64-bit memories", Config::wasm_memory64, "(memory i64 1)"),
        ("threads", Config::wasm_threads, "(memory 1 1 shared)"),
        ("function references", Config::wasm_function_references, "(func (param (ref func)))"),
        ("garbage collection", Config::wasm_gc, "(type (struct))"),
        ("exceptions", Config::wasm_exceptions, "(tag $t) (func (throw $t))"),
        ("legacy exceptions", Config::wasm_legacy_exceptions, "(func try catch_all end)"),
        ("custom page sizes", Config::wasm_custom_page_sizes, "(memory 1 (pagesize 1))"),
        (
            "relaxed SIMD",
            Config::wasm_relaxed_simd,
            "(func (param v128) (drop (i8x16.relaxed_swizzle (local.get 0) (local.get 0))))",
        ),
        ("compact imports", Config::wasm_compact_imports, r#"(import "m" (item "f" (func)) (item "g" (func)))"#),
        (
            "wide arithmetic",
            Config::wasm_wide_arithmetic,
            "(func (param i64) (result i64 i64) (i64.mul_wide_u (local.get 0) (local.get 0)))",
        ),
    ];
    for (name, switch, fields) in switches {
        let wat = format!("(module {fields})");
        let on = Engine::new(switch(&mut Config::new(), true)).unwrap();
        Module::new(&on, &wat).unwrap_or_else(|error| panic!("{name}: {error}"));
        let off = Engine::new(switch(&mut Config::new(), false)).unwrap();
        let error = Module::new(&off, &wat).expect_err(name);
        assert!(error.offset().is_some(), "{name}: {error}");
        // What needs nothing of it is accepted.
        Module::new(&off, "(module (func (result i32) (i32.const 1)))").unwrap();
    }
}

#[test]
fn what_is_not_there_cannot_be_switched_on() {
    let switches: [(Switch, &str); 3] = [
        (Config::wasm_shared_everything_threads, "shared-everything threads"),
        (Config::wasm_stack_switching, "stack switching"),
        (Config::wasm_component_model, "the component model"),
    ];
    for (switch, name) in switches {
        Engine::new(switch(&mut Config::new(), false)).unwrap();
        let error = Engine::new(switch(&mut Config::new(), true)).unwrap_err().to_string();
        assert_eq!(error, format!("the configuration allows {name}, which pirn does not support"));
    }
}

/// Whoever takes the wrong file learns what it is.
#[test]
fn what_is_no_module_is_named() {
    let engine = Engine::default();
    for (bytes, parts) in [
        (&b"\x7fELF\x02\x01\x01\0\0\0"[..], &["not WebAssembly", "7f 45 4c 46 02 01 01 00 ", "ELF", "00 61 73 6d"][..]),
        (b"\x1f\x8b\x08\0", &["1f 8b 08 00", "gzip", "`\\0asm`"]),
        (b"\x89PNG\r\n\x1a\n\0\0", &["89 50 4e 47 0d 0a 1a 0a", "PNG"]),
        (b"<!DOCTYPE html>", &["HTML"]),
        (b"#!/bin/sh\n", &["script"]),
        (b"\0asm\x0d\0\x01\0", &["component", "not a module", "00 61 73 6d 0d 00 01 00", "wasmtime"]),
    ] {
        assert_says(&Module::new(&engine, bytes).unwrap_err(), parts);
        // Where no text is expected, it is not said to be.
        let error = Module::from_binary(&engine, bytes).unwrap_err();
        assert_says(&error, parts);
        assert!(!error.to_string().contains("text format"), "{error}");
        assert_says(&Module::validate(&engine, bytes).unwrap_err(), parts);
    }
    assert_says(&Module::new(&engine, "").unwrap_err(), &["empty", "00 61 73 6d", "text format"]);
    assert_says(
        &Module::new(&engine, [0xc3, 0x28, 1, 2]).unwrap_err(),
        &["not WebAssembly", "c3 28 01 02", "text format"],
    );
    // What may be text is read as such, and what may be binary so.
    assert_says(&Module::new(&engine, "(modul)").unwrap_err(), &["modul"]);
    assert_says(&Module::new(&engine, b"\0asm\x02\0\0\0").unwrap_err(), &["version"]);
    assert_says(&Module::from_binary(&engine, b"\0as").unwrap_err(), &["unexpected end"]);
    Module::new(&engine, "(module)").unwrap();
}
