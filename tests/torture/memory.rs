//! Loads and stores.

use crate::{ROUNDS, apply, next_state, on_small_stack, with_instances};

/// A load: text, how its result becomes bits, and the bits from a little-endian word.
type Load = (&'static str, &'static str, fn(u64) -> u64);

const LOADS: [Load; 14] = [
    ("i32.load", "i64.extend_i32_u", |w| w as u32 as u64),
    ("i32.load8_s", "i64.extend_i32_u", |w| w as i8 as i32 as u32 as u64),
    ("i32.load8_u", "i64.extend_i32_u", |w| w as u8 as u64),
    ("i32.load16_s", "i64.extend_i32_u", |w| w as i16 as i32 as u32 as u64),
    ("i32.load16_u", "i64.extend_i32_u", |w| w as u16 as u64),
    ("i64.load", "i64.xor (i64.const 0)", |w| w),
    ("i64.load8_s", "i64.xor (i64.const 0)", |w| w as i8 as u64),
    ("i64.load8_u", "i64.xor (i64.const 0)", |w| w as u8 as u64),
    ("i64.load16_s", "i64.xor (i64.const 0)", |w| w as i16 as u64),
    ("i64.load16_u", "i64.xor (i64.const 0)", |w| w as u16 as u64),
    ("i64.load32_s", "i64.xor (i64.const 0)", |w| w as i32 as u64),
    ("i64.load32_u", "i64.xor (i64.const 0)", |w| w as u32 as u64),
    ("f32.load", "i64.reinterpret_f32", |w| w as u32 as u64),
    ("f64.load", "i64.reinterpret_f64", |w| w),
];

/// Stores: text, how the value is made of `$w`, and how many bytes it writes.
const STORES: [(&str, &str, u32); 9] = [
    ("i32.store", "i32.wrap_i64", 4),
    ("i32.store8", "i32.wrap_i64", 1),
    ("i32.store16", "i32.wrap_i64", 2),
    ("i64.store", "", 8),
    ("i64.store8", "", 1),
    ("i64.store16", "", 2),
    ("i64.store32", "", 4),
    ("f32.store", "f32.reinterpret_i32 (i32.wrap_i64 @)", 4),
    ("f64.store", "f64.reinterpret_i64", 8),
];

#[test]
fn loads_and_stores() {
    on_small_stack(|| {
        let addresses =
            ["(local.get $a)", "(i32.const 40)", "(i32.add (local.get $a) (i32.const 0))", "(i32.load (i32.const 16))"];
        let mut wat = String::from(
            "(module (memory 1) (data (i32.const 16) \"\\28\\00\\00\\00\") (data (i32.const 48) \"\\91\\82\\f3\\44\\a5\\96\\e7\\f8\")\n",
        );
        let mut cases = Vec::new();
        let shell = |name: &str, body: &str| {
            format!(
                "(func (export \"{name}\") (param $n i32) (result i64) (local $a i32) (local $w i64) (local $sum i64) (local.set $a (i32.const 40))
                    (loop $again
                        (local.set $w (i64.add (i64.mul (local.get $w) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
                        {body}
                        (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                    (local.get $sum))\n"
            )
        };
        let word = u64::from_le_bytes([0x91, 0x82, 0xf3, 0x44, 0xa5, 0x96, 0xe7, 0xf8]);
        for (load, to_bits, meaning) in LOADS {
            for (i, address) in addresses.iter().enumerate() {
                let value = apply(to_bits, &format!("({load} offset=8 {address})"));
                let name = format!("{load} {i}");
                wat += &shell(
                    &name,
                    &format!("(local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 7)) {value}))"),
                );
                let sum = (0..ROUNDS).fold(0_u64, |sum, _| sum.rotate_left(7).wrapping_add(meaning(word)));
                cases.push((name, sum));
            }
        }
        for (store, convert, bytes) in STORES {
            for (i, address) in addresses.iter().enumerate() {
                for (j, source) in
                    ["(local.get $w)", "(i64.const 0x123456789abcdef)", "(i64.add (local.get $w) (i64.const 77))"]
                        .iter()
                        .enumerate()
                {
                    let value = match convert {
                        "" => source.to_string(),
                        _ if convert.contains('@') => format!("({})", convert.replace('@', source)),
                        _ => format!("({convert} {source})"),
                    };
                    let name = format!("{store} {i} {j}");
                    let body = format!(
                        "(i64.store (i32.const 64) (i64.const -1)) ({store} offset=24 {address} {value})
                         (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 7)) (i64.load offset=64 (i32.const 0))))"
                    );
                    wat += &shell(&name, &body);
                    let (mut w, mut sum) = (0_u64, 0_u64);
                    for _ in 0..ROUNDS {
                        w = next_state(w);
                        let value = [w, 0x0123_4567_89ab_cdef, w.wrapping_add(77)][j];
                        let mask = if bytes == 8 { 0 } else { u64::MAX << (8 * bytes) };
                        sum = sum.rotate_left(7).wrapping_add(value & !mask | mask);
                    }
                    cases.push((name, sum));
                }
            }
        }
        wat += ")";
        with_instances(&wat, |mode, store, instance| {
            for (name, expected) in &cases {
                let func = instance.get_typed_func::<i32, i64>(&mut *store, name).unwrap();
                assert_eq!(func.call(&mut *store, ROUNDS).unwrap() as u64, *expected, "{name}, {mode}");
            }
        });
    });
}
