//! What is neither a numeric operator nor a load or store, one loop each.

use crate::{ROUNDS, on_small_stack, with_metered_instances};
use std::fmt::Write;

/// Everything that is no numeric operator: name, body of the loop over `$n` with the sum in `$sum` (an i64), and what one
/// round adds for a given `$n`.
type Case = (&'static str, &'static str, fn(i64) -> i64);

const CASES: &[Case] = &[
    ("br", "(block (br 0)) (block (block (br 1)) unreachable) (local.set $sum (i64.add (local.get $sum) (i64.const 1)))", |_| 1),
    ("br with values", "(local.set $sum (i64.add (block (result i64 i64) (br 0 (local.get $sum) (i64.const 3)))))", |_| 3),
    ("br over values", "(local.set $sum (block (result i64) (i64.const 99) (i32.const 5) (br 0 (i64.add (local.get $sum) (i64.const 2)))))", |_| 2),
    ("br_if with values", "(local.set $sum (block (result i64) (br_if 0 (i64.add (local.get $sum) (i64.const 2)) (i32.and (local.get $n) (i32.const 1))) (i64.const 3) (i64.add)))", |n| 2 + 3 * (1 - (n & 1))),
    ("br_if over values", "(local.set $sum (block (result i64) (i64.const 50) (br_if 0 (i64.add (local.get $sum) (i64.const 2)) (i32.and (local.get $n) (i32.const 1))) (i64.add)))", |n| 2 + 50 * (1 - (n & 1))),
    ("br_table", "(block (block (block (br_table 0 1 2 (i32.rem_u (local.get $n) (i32.const 5)))) (local.set $sum (i64.add (local.get $sum) (i64.const 10)))) (local.set $sum (i64.add (local.get $sum) (i64.const 1))))", |n| match n % 5 { 0 => 11, 1 => 1, _ => 0 }),
    ("br_table with values", "(local.set $sum (block (result i64) (i64.add (i64.const 7) (block (result i64) (br_table 0 1 0 (i64.add (local.get $sum) (i64.const 1)) (i32.and (local.get $n) (i32.const 3)))))))", |n| if n & 3 == 1 { 1 } else { 8 }),
    ("select", "(local.set $sum (select (i64.add (local.get $sum) (i64.const 2)) (i64.add (local.get $sum) (i64.const 9)) (i32.and (local.get $n) (i32.const 1))))", |n| if n & 1 == 1 { 2 } else { 9 }),
    ("select i32", "(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (select (local.get $n) (i32.const -4) (i32.lt_s (local.get $n) (i32.const 9))))))", |n| if n < 9 { n } else { -4 }),
    ("select f32", "(local.set $sum (i64.add (local.get $sum) (i64.trunc_f32_s (select (f32.const 2.5) (f32.convert_i32_s (i32.const 6)) (i32.and (local.get $n) (i32.const 2))))))", |n| if n & 2 == 2 { 2 } else { 6 }),
    ("select f64", "(local.set $sum (i64.add (local.get $sum) (i64.trunc_f64_s (select (global.get $d) (f64.convert_i32_s (i32.const 6)) (i32.and (local.get $n) (i32.const 2))))))", |n| if n & 2 == 2 { 1 } else { 6 }),
    ("select ref", "(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (ref.is_null (select (result funcref) (ref.null func) (ref.func $one) (i32.and (local.get $n) (i32.const 1)))))))", |n| n & 1),
    ("globals", "(global.set $i (i32.add (global.get $i) (i32.const 1))) (global.set $l (i64.extend_i32_u (global.get $i))) (global.set $f (f32.convert_i32_u (i32.and (global.get $i) (i32.const 7)))) (global.set $d (f64.promote_f32 (global.get $f)))
        (local.set $sum (i64.add (i64.sub (global.get $l) (i64.extend_i32_u (global.get $i))) (i64.add (local.get $sum) (i64.const 4)))) (global.set $d (f64.const 1.5))", |_| 4),
    ("globals of constants", "(global.set $l (i64.const 5)) (global.set $f (f32.const 2)) (global.set $i (i32.const 9)) (global.set $d (f64.const 1.5)) (global.set $r (ref.func $one)) (local.set $sum (i64.add (local.get $sum) (i64.add (global.get $l) (i64.trunc_f64_s (f64.add (global.get $d) (f64.promote_f32 (global.get $f)))))))
        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (ref.is_null (global.get $r)))))", |_| 8),
    ("drop", "(drop (i32.div_u (local.get $n) (i32.const 3))) (drop (i64.load (i32.const 3))) (drop (f32.const 1)) (local.set $sum (i64.add (local.get $sum) (i64.const 1)))", |_| 1),
    ("if", "(if (i32.and (local.get $n) (i32.const 1)) (then (local.set $sum (i64.add (local.get $sum) (i64.const 5)))) (else (local.set $sum (i64.add (local.get $sum) (i64.const 8)))))", |n| if n & 1 == 1 { 5 } else { 8 }),
    ("if with params", "(local.set $sum (local.get $sum) (i64.const 5) (if (param i64 i64) (result i64) (i32.and (local.get $n) (i32.const 1)) (then (i64.add)) (else (i64.sub))))", |n| if n & 1 == 1 { 5 } else { -5 }),
    ("loop with params", "(local.set $m (i32.const 3)) (local.set $sum (local.get $sum) (i64.const 5) (loop (param i64 i64) (result i64) (i64.add) (i64.const 2) (br_if 0 (local.tee $m (i32.sub (local.get $m) (i32.const 1)))) (drop)))", |_| 9),
    ("memory.size", "(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (memory.size))))", |_| 1),
    ("memory.grow", "(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (memory.grow (i32.const 0)))))", |_| 1),
    ("memory.grow too far", "(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (memory.grow (i32.const 70000)))))", |_| -1),
    ("memory.fill", "(memory.fill (i32.const 100) (local.get $n) (i32.const 3)) (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (i32.load8_u (i32.const 102)))))", |n| n & 255),
    ("memory.copy", "(i32.store (i32.const 120) (local.get $n)) (memory.copy (i32.const 122) (i32.const 120) (i32.const 4)) (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (i32.load (i32.const 122)))))", |n| n),
    ("memory.init", "(i64.store (i32.const 140) (i64.const 0)) (memory.init $bytes (i32.const 140) (i32.const 1) (i32.const 3)) (local.set $sum (i64.add (local.get $sum) (i64.load (i32.const 140))))", |_| 0x0004_0302),
    ("data.drop", "(data.drop $gone) (local.set $sum (i64.add (local.get $sum) (i64.const 1)))", |_| 1),
    ("table.get", "(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (ref.is_null (table.get $t (i32.and (local.get $n) (i32.const 3)))))))", |n| i64::from(n & 3 == 3)),
    ("table.set", "(table.set $u (i32.and (local.get $n) (i32.const 1)) (ref.func $one)) (table.set $u (i32.const 2) (ref.null func)) (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (ref.is_null (table.get $u (i32.and (local.get $n) (i32.const 1)))))))", |_| 0),
    ("table.size", "(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (table.size $t))))", |_| 4),
    ("table.grow", "(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (table.grow $u (ref.null func) (i32.const 0)))))", |_| 8),
    ("table.fill", "(table.fill $u (i32.const 3) (ref.func $one) (i32.const 2)) (table.fill $u (i32.const 4) (ref.null func) (i32.const 1)) (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (i32.sub (ref.is_null (table.get $u (i32.const 4))) (ref.is_null (table.get $u (i32.const 3)))))))", |_| 1),
    ("table.copy", "(table.copy $u $t (i32.const 0) (i32.const 1) (i32.const 3)) (table.copy $u $u (i32.const 1) (i32.const 0) (i32.const 3)) (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (ref.is_null (table.get $u (i32.const 3))))))", |_| 1),
    ("table.init", "(table.init $u $elements (i32.const 6) (i32.const 1) (i32.const 1)) (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (ref.is_null (table.get $u (i32.const 6))))))", |_| 0),
    ("elem.drop", "(elem.drop $lost) (local.set $sum (i64.add (local.get $sum) (i64.const 1)))", |_| 1),
    ("call local", "(local.set $sum (call $add3 (local.get $sum) (i64.const 2) (i64.extend_i32_u (local.get $n))))", |n| 2 + n),
    ("call local float", "(local.set $sum (i64.add (local.get $sum) (i64.trunc_f64_s (f64.add (f64.const 1) (call $double (f64.convert_i32_s (local.get $n)))))))", |n| 2 * n + 1),
    ("call many results", "(call $spread (local.get $n)) (drop) (f32.add) (drop) (i64.extend_i32_u) (i64.add) (local.set $sum (i64.add (local.get $sum)))", |n| n),
    ("call nested", "(local.set $sum (call $add3 (call $add3 (local.get $sum) (i64.const 1) (call $one64)) (i64.const 2) (call $add3 (i64.const 1) (call $one64) (i64.const 5))))", |_| 11),
    ("call with locals", "(local.set $sum (i64.add (local.get $sum) (call $locals (local.get $n))))", |n| n + 1),
    ("call nothing", "(call $nop) (local.set $sum (i64.add (local.get $sum) (i64.const 1)))", |_| 1),
    ("call indirect", "(local.set $sum (i64.add (local.get $sum) (call_indirect $t (result i64) (i32.rem_u (local.get $n) (i32.const 3)))))", |n| [1, 2, 3][(n % 3) as usize]),
    ("call tail", "(local.set $sum (i64.add (local.get $sum) (call $tail (local.get $n) (i64.const 4))))", |n| n + 4),
    ("call tail indirect", "(local.set $sum (i64.add (local.get $sum) (call $tail_indirect (i32.rem_u (local.get $n) (i32.const 3)))))", |n| [1, 2, 3][(n % 3) as usize]),
    ("call tail to host", "(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (call $tail_host (local.get $n)))))", |n| n + 5),
    ("call host", "(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (call $host_add (local.get $n) (i32.const 3)))))", |n| n + 3),
    ("call host float", "(local.set $sum (i64.add (local.get $sum) (i64.trunc_f64_s (call $host_half (f64.convert_i32_s (local.get $n))))))", |n| n / 2),
    ("call host nothing", "(call $host_nothing) (local.set $sum (i64.add (local.get $sum) (i64.const 1)))", |_| 1),
    ("call host with data", "(local.set $sum (i64.sub (i64.add (local.get $sum) (call $host_count (i64.const 1))) (call $host_count (i64.const 0))))", |_| 0),
    ("call host many", "(call $host_many (local.get $sum) (f32.const 1) (local.get $n) (f64.const 2.5)) (local.set $sum) (drop) (i64.extend_i32_u) (local.set $sum (i64.add (local.get $sum))) (i64.trunc_f64_s) (local.set $sum (i64.add (local.get $sum)))", |n| n + 2),
    ("call host indirect", "(local.set $sum (i64.add (local.get $sum) (i64.extend_i32_s (call_indirect $h (param i32 i32) (result i32) (local.get $n) (i32.const 3) (i32.const 0)))))", |n| n + 3),
    ("return", "(local.set $sum (i64.add (local.get $sum) (call $returns (local.get $n))))", |n| match n % 4 { 0 => 7, 1 => 8, 2 => 9, _ => 10 }),
    ("return many", "(call $returns_many (local.get $n)) (i64.add) (local.set $sum (i64.add (local.get $sum)))", |n| if n & 1 == 1 { 3 } else { 7 }),
    ("return float", "(local.set $sum (i64.add (local.get $sum) (i64.trunc_f32_s (call $returns_float (local.get $n)))))", |n| if n & 1 == 1 { 3 } else { 7 }),
];

/// What the bodies of [`CASES`] refer to. The functions called through the imports are those of `callee`.
const SHARED: &str = r#"
    (import "host" "nothing" (func $host_nothing))
    (import "host" "add" (func $host_add (param i32 i32) (result i32)))
    (import "host" "half" (func $host_half (param f64) (result f64)))
    (import "host" "count" (func $host_count (param i64) (result i64)))
    (import "host" "many" (func $host_many (param i64 f32 i32 f64) (result f64 i32 f32 i64)))
    (global $i (mut i32) (i32.const 0)) (global $l (mut i64) (i64.const 0))
    (global $f (mut f32) (f32.const 0)) (global $d (mut f64) (f64.const 1.5)) (global $r (mut funcref) (ref.null func))
    (memory 1) (data $bytes "\01\02\03\04\05") (data $gone "\01")
    (table $t 4 funcref) (table $u 8 funcref) (table $h 1 funcref)
    (elem (table $t) (i32.const 0) func $one64 $two64 $three64) (elem (table $h) (i32.const 0) func $host_add)
    (elem $elements func $one $one) (elem $lost func $one)
    (func $one)
    (func $nop)
    (func $one64 (result i64) (i64.const 1))
    (func $two64 (result i64) (i64.const 2))
    (func $three64 (result i64) (local $x i64) (local.set $x (i64.const 3)) (local.get $x))
    (func $add3 (param i64 i64 i64) (result i64) (i64.add (i64.add (local.get 0) (local.get 1)) (local.get 2)))
    (func $double (param f64) (result f64) (f64.mul (local.get 0) (f64.const 2)))
    (func $locals (param i32) (result i64) (local i64 f64 i32 i32 i64) (i64.add (i64.extend_i32_u (local.get 0)) (i64.add (local.get 1) (i64.const 1))))
    (func $spread (param i32) (result i64 i32 f32 f32 f64) (i64.const 0) (local.get 0) (f32.const 1) (f32.const 2) (f64.const 3))
    (func $tail (param i32 i64) (result i64) (return_call $add3 (i64.extend_i32_u (local.get 0)) (local.get 1) (i64.const 0)))
    (func $tail_indirect (param i32) (result i64) (return_call_indirect $t (result i64) (local.get 0)))
    (func $tail_host (param i32) (result i32) (return_call $host_add (local.get 0) (i32.const 5)))
    (func $returns (param i32) (result i64)
        (if (i32.eqz (i32.and (local.get 0) (i32.const 3))) (then (return (i64.const 7))))
        (drop (br_if 0 (i64.const 8) (i32.eq (i32.and (local.get 0) (i32.const 3)) (i32.const 1))))
        (i64.const 9) (i32.const 77) (i64.const 10)
        (br_table 0 0 0 0 0 (i64.add (i64.extend_i32_u (i32.and (local.get 0) (i32.const 1)))  (i64.const 9)) (local.get 0)))
    (func $returns_many (param i32) (result i64 i64)
        (if (i32.and (local.get 0) (i32.const 1)) (then (return (i64.const 1) (i64.const 2))))
        (i64.const 3) (i64.const 4))
    (func $returns_float (param i32) (result f32)
        (f32.const 3.5) (br_if 0 (i32.and (local.get 0) (i32.const 1))) (f32.const 4) (f32.add))
"#;

#[test]
fn everything_else() {
    on_small_stack(|| {
        let mut wat = format!("(module {SHARED}");
        for (name, body, _) in CASES {
            // Sums and operands of a form like `(local.set $sum (i64.add (local.get $sum)))` come from the stack.
            write!(
                wat,
                "(func (export \"{name}\") (param $n i32) (result i64) (local $sum i64) (local $m i32)
                    (loop $again {body} (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $sum))\n"
            )
            .unwrap();
        }
        wat += ")";
        with_metered_instances(&wat, |mode, store, instance| {
            for (name, _, meaning) in CASES {
                let func = instance.get_typed_func::<i32, i64>(&mut *store, name).unwrap();
                let expected = (1..=i64::from(ROUNDS)).rev().fold(0_i64, |sum, n| sum.wrapping_add(meaning(n)));
                // What counts in the host counts from zero, so that the difference of two counts is zero.
                let sum = func.call(&mut *store, ROUNDS).unwrap();
                assert_eq!(sum, expected, "{name}, {mode}");
            }
        });
    });
}
