//! Numeric operators with every operand class, as values and as conditions.

use crate::{ROUNDS, apply, next_state, on_small_stack, with_instances};

/// A type of the numeric operators, here and in the text.
trait Number: Copy {
    const NAME: &'static str;
    /// Text that makes the value of the i64 local `$s` rotated by 0 or 23.
    fn text(rotated: bool) -> String;
    fn from_state(s: u64) -> Self;
    /// Bits, as i64.
    fn bits(self) -> u64;
    /// Text around a value of the type that gives the bits.
    const TO_BITS: &'static str;
    /// The constant operand, and its text.
    const CONSTANT: Self;
    const CONSTANT_TEXT: &'static str;
    /// What makes "the result of what came before" of a value, and its text.
    fn step(self) -> Self;
    const STEP_TEXT: &'static str;
}

fn state(rotated: bool) -> &'static str {
    if rotated { "(i64.rotl (local.get $s) (i64.const 23))" } else { "(local.get $s)" }
}

macro_rules! number {
    ($ty:ident $name:literal, $from:expr, $from_text:literal, $bits:expr, $bits_text:literal, $constant:expr, $constant_text:literal,
     $step:expr, $step_text:literal) => {
        impl Number for $ty {
            const NAME: &'static str = $name;
            fn text(rotated: bool) -> String {
                $from_text.replace('@', state(rotated))
            }
            fn from_state(s: u64) -> Self {
                let from: fn(u64) -> Self = $from;
                from(s)
            }
            fn bits(self) -> u64 {
                let bits: fn(Self) -> u64 = $bits;
                bits(self)
            }
            const TO_BITS: &'static str = $bits_text;
            const CONSTANT: Self = $constant;
            const CONSTANT_TEXT: &'static str = $constant_text;
            fn step(self) -> Self {
                let step: fn(Self) -> Self = $step;
                step(self)
            }
            const STEP_TEXT: &'static str = $step_text;
        }
    };
}
// Operands are odd or positive, so nothing divides by zero, overflows a division, or gives a NaN. Nothing is rounded
// differently either, for conversions are of 20 bits.
number!(u32 "i32", |s| (s >> 40) as u32 | 1, "(i32.or (i32.wrap_i64 (i64.shr_u @ (i64.const 40))) (i32.const 1))",
    |x| x as u64, "i64.extend_i32_u", 0x1235, "(i32.const 0x1235)", |x| x.wrapping_add(6), "i32.add (i32.const 6)");
number!(u64 "i64", |s| s >> 8 | 1, "(i64.or (i64.shr_u @ (i64.const 8)) (i64.const 1))",
    |x| x, "i64.xor (i64.const 0)", 0x12_3456_7891, "(i64.const 0x1234567891)", |x| x.wrapping_add(6), "i64.add (i64.const 6)");
number!(f32 "f32", |s| (s >> 44) as f32 + 1.0, "(f32.add (f32.convert_i64_u (i64.shr_u @ (i64.const 44))) (f32.const 1))",
    |x| x.to_bits() as u64, "i64.reinterpret_f32", 3.75, "(f32.const 3.75)", |x| x + 6.5, "f32.add (f32.const 6.5)");
number!(f64 "f64", |s| (s >> 44) as f64 + 1.0, "(f64.add (f64.convert_i64_u (i64.shr_u @ (i64.const 44))) (f64.const 1))",
    |x| x.to_bits(), "i64.reinterpret_f64", 3.75, "(f64.const 3.75)", |x| x + 6.5, "f64.add (f64.const 6.5)");

/// An operator: text, operands, type names, and its meaning from two words of state to the result's bits for a pair of
/// operand classes.
struct Operator {
    text: &'static str,
    operand: &'static str,
    result: &'static str,
    unary: bool,
    meaning: fn(u64, [Place; 2]) -> u64,
    operand_text: fn(Place, bool) -> String,
    local_text: fn(bool) -> String,
    to_bits: &'static str,
}

/// Where an operand comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Local,
    Constant,
    Result,
}

const PLACES: [Place; 3] = [Place::Local, Place::Constant, Place::Result];

fn operand<N: Number>(s: u64, rotated: bool, place: Place) -> N {
    let local = N::from_state(if rotated { s.rotate_left(23) } else { s });
    match place {
        Place::Local => local,
        Place::Constant => N::CONSTANT,
        Place::Result => local.step(),
    }
}

fn operand_text<N: Number>(place: Place, rotated: bool) -> String {
    let local = if rotated { "(local.get $y)" } else { "(local.get $x)" };
    match place {
        Place::Local => local.into(),
        Place::Constant => N::CONSTANT_TEXT.into(),
        Place::Result => apply(N::STEP_TEXT, local),
    }
}

macro_rules! operators {
    ($($operand:ident => $result:ident { $($text:literal |$a:ident $(, $b:ident)?| $meaning:expr;)* })*) => {
        /// Every numeric operator with its meaning.
        static OPERATORS: &[Operator] = &[$($(Operator {
            text: $text,
            operand: <$operand as Number>::NAME,
            result: <$result as Number>::NAME,
            unary: operators!(@unary $($b)?),
            meaning: |s, places| {
                let $a: $operand = operand(s, false, places[0]);
                $(let $b: $operand = operand(s, true, places[1]);)?
                let result: $result = $meaning;
                let _ = (s, places);
                result.bits()
            },
            operand_text: operand_text::<$operand>,
            local_text: <$operand as Number>::text,
            to_bits: <$result as Number>::TO_BITS,
        },)*)*];
    };
    (@unary) => { true };
    (@unary $b:ident) => { false };
}
operators! {
    u32 => u32 {
        "i32.add" |a, b| a.wrapping_add(b);
        "i32.sub" |a, b| a.wrapping_sub(b);
        "i32.mul" |a, b| a.wrapping_mul(b);
        "i32.div_s" |a, b| (a as i32 / b as i32) as u32;
        "i32.div_u" |a, b| a / b;
        "i32.rem_s" |a, b| (a as i32 % b as i32) as u32;
        "i32.rem_u" |a, b| a % b;
        "i32.and" |a, b| a & b;
        "i32.or" |a, b| a | b;
        "i32.xor" |a, b| a ^ b;
        "i32.shl" |a, b| a << (b % 32);
        "i32.shr_s" |a, b| (a as i32 >> (b % 32)) as u32;
        "i32.shr_u" |a, b| a >> (b % 32);
        "i32.rotl" |a, b| a.rotate_left(b % 32);
        "i32.rotr" |a, b| a.rotate_right(b % 32);
        "i32.eq" |a, b| (a == b) as u32;
        "i32.ne" |a, b| (a != b) as u32;
        "i32.lt_s" |a, b| ((a as i32) < b as i32) as u32;
        "i32.lt_u" |a, b| (a < b) as u32;
        "i32.gt_s" |a, b| (a as i32 > b as i32) as u32;
        "i32.gt_u" |a, b| (a > b) as u32;
        "i32.le_s" |a, b| (a as i32 <= b as i32) as u32;
        "i32.le_u" |a, b| (a <= b) as u32;
        "i32.ge_s" |a, b| (a as i32 >= b as i32) as u32;
        "i32.ge_u" |a, b| (a >= b) as u32;
        "i32.clz" |a| a.leading_zeros();
        "i32.ctz" |a| a.trailing_zeros();
        "i32.popcnt" |a| a.count_ones();
        "i32.eqz" |a| (a == 0) as u32;
        "i32.extend8_s" |a| a as i8 as i32 as u32;
        "i32.extend16_s" |a| a as i16 as i32 as u32;
    }
    u32 => u64 {
        "i64.extend_i32_s" |a| a as i32 as i64 as u64;
        "i64.extend_i32_u" |a| a as u64;
    }
    u32 => f32 {
        "f32.convert_i32_s" |a| a as i32 as f32;
        "f32.convert_i32_u" |a| a as f32;
        "f32.reinterpret_i32" |a| f32::from_bits(a);
    }
    u32 => f64 {
        "f64.convert_i32_s" |a| a as i32 as f64;
        "f64.convert_i32_u" |a| a as f64;
    }
    u64 => u64 {
        "i64.add" |a, b| a.wrapping_add(b);
        "i64.sub" |a, b| a.wrapping_sub(b);
        "i64.mul" |a, b| a.wrapping_mul(b);
        "i64.div_s" |a, b| (a as i64 / b as i64) as u64;
        "i64.div_u" |a, b| a / b;
        "i64.rem_s" |a, b| (a as i64 % b as i64) as u64;
        "i64.rem_u" |a, b| a % b;
        "i64.and" |a, b| a & b;
        "i64.or" |a, b| a | b;
        "i64.xor" |a, b| a ^ b;
        "i64.shl" |a, b| a << (b % 64);
        "i64.shr_s" |a, b| (a as i64 >> (b % 64)) as u64;
        "i64.shr_u" |a, b| a >> (b % 64);
        "i64.rotl" |a, b| a.rotate_left((b % 64) as u32);
        "i64.rotr" |a, b| a.rotate_right((b % 64) as u32);
        "i64.clz" |a| a.leading_zeros() as u64;
        "i64.ctz" |a| a.trailing_zeros() as u64;
        "i64.popcnt" |a| a.count_ones() as u64;
        "i64.extend8_s" |a| a as i8 as i64 as u64;
        "i64.extend16_s" |a| a as i16 as i64 as u64;
        "i64.extend32_s" |a| a as i32 as i64 as u64;
    }
    u64 => u32 {
        "i64.eq" |a, b| (a == b) as u32;
        "i64.ne" |a, b| (a != b) as u32;
        "i64.lt_s" |a, b| ((a as i64) < b as i64) as u32;
        "i64.lt_u" |a, b| (a < b) as u32;
        "i64.gt_s" |a, b| (a as i64 > b as i64) as u32;
        "i64.gt_u" |a, b| (a > b) as u32;
        "i64.le_s" |a, b| (a as i64 <= b as i64) as u32;
        "i64.le_u" |a, b| (a <= b) as u32;
        "i64.ge_s" |a, b| (a as i64 >= b as i64) as u32;
        "i64.ge_u" |a, b| (a >= b) as u32;
        "i64.eqz" |a| (a == 0) as u32;
        "i32.wrap_i64" |a| a as u32;
    }
    u64 => f32 {
        "f32.convert_i64_s" |a| a as i64 as f32;
        "f32.convert_i64_u" |a| a as f32;
    }
    u64 => f64 {
        "f64.convert_i64_s" |a| a as i64 as f64;
        "f64.convert_i64_u" |a| a as f64;
        "f64.reinterpret_i64" |a| f64::from_bits(a);
    }
    f32 => f32 {
        "f32.add" |a, b| a + b;
        "f32.sub" |a, b| a - b;
        "f32.mul" |a, b| a * b;
        "f32.div" |a, b| a / b;
        "f32.min" |a, b| if a < b { a } else { b };
        "f32.max" |a, b| if a > b { a } else { b };
        "f32.copysign" |a, b| f32::from_bits(a.to_bits() & !(1 << 31) | b.to_bits() & 1 << 31);
        "f32.abs" |a| a.abs();
        "f32.neg" |a| -a;
        "f32.ceil" |a| a.ceil();
        "f32.floor" |a| a.floor();
        "f32.trunc" |a| a.trunc();
        "f32.nearest" |a| a.round_ties_even();
        "f32.sqrt" |a| a.sqrt();
    }
    f32 => u32 {
        "f32.eq" |a, b| (a == b) as u32;
        "f32.ne" |a, b| (a != b) as u32;
        "f32.lt" |a, b| (a < b) as u32;
        "f32.gt" |a, b| (a > b) as u32;
        "f32.le" |a, b| (a <= b) as u32;
        "f32.ge" |a, b| (a >= b) as u32;
        "i32.trunc_f32_s" |a| a as i32 as u32;
        "i32.trunc_f32_u" |a| a as u32;
        "i32.trunc_sat_f32_s" |a| a as i32 as u32;
        "i32.trunc_sat_f32_u" |a| a as u32;
        "i32.reinterpret_f32" |a| a.to_bits();
    }
    f32 => u64 {
        "i64.trunc_f32_s" |a| a as i64 as u64;
        "i64.trunc_f32_u" |a| a as u64;
        "i64.trunc_sat_f32_s" |a| a as i64 as u64;
        "i64.trunc_sat_f32_u" |a| a as u64;
    }
    f32 => f64 { "f64.promote_f32" |a| a as f64; }
    f64 => f64 {
        "f64.add" |a, b| a + b;
        "f64.sub" |a, b| a - b;
        "f64.mul" |a, b| a * b;
        "f64.div" |a, b| a / b;
        "f64.min" |a, b| if a < b { a } else { b };
        "f64.max" |a, b| if a > b { a } else { b };
        "f64.copysign" |a, b| f64::from_bits(a.to_bits() & !(1 << 63) | b.to_bits() & 1 << 63);
        "f64.abs" |a| a.abs();
        "f64.neg" |a| -a;
        "f64.ceil" |a| a.ceil();
        "f64.floor" |a| a.floor();
        "f64.trunc" |a| a.trunc();
        "f64.nearest" |a| a.round_ties_even();
        "f64.sqrt" |a| a.sqrt();
    }
    f64 => u32 {
        "f64.eq" |a, b| (a == b) as u32;
        "f64.ne" |a, b| (a != b) as u32;
        "f64.lt" |a, b| (a < b) as u32;
        "f64.gt" |a, b| (a > b) as u32;
        "f64.le" |a, b| (a <= b) as u32;
        "f64.ge" |a, b| (a >= b) as u32;
        "i32.trunc_f64_s" |a| a as i32 as u32;
        "i32.trunc_f64_u" |a| a as u32;
        "i32.trunc_sat_f64_s" |a| a as i32 as u32;
        "i32.trunc_sat_f64_u" |a| a as u32;
    }
    f64 => u64 {
        "i64.trunc_f64_s" |a| a as i64 as u64;
        "i64.trunc_f64_u" |a| a as u64;
        "i64.trunc_sat_f64_s" |a| a as i64 as u64;
        "i64.trunc_sat_f64_u" |a| a as u64;
        "i64.reinterpret_f64" |a| a.to_bits();
    }
    f64 => f32 { "f32.demote_f64" |a| a as f32; }
}

/// A function that runs `body` (which uses `$x` and `$y` of `operator`'s type, and `$sum`) in a loop.
fn looped(name: &str, operator: &Operator, body: &str) -> String {
    let ty = operator.operand;
    let (x, y) = ((operator.local_text)(false), (operator.local_text)(true));
    format!(
        "(func (export \"{name}\") (param $n i32) (result i64) (local $s i64) (local $x {ty}) (local $y {ty}) (local $sum i64)
            (loop $again
                (local.set $s (i64.add (i64.mul (local.get $s) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
                (local.set $x {x}) (local.set $y {y})
                {body}
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (local.get $sum))\n"
    )
}

/// How the result of an operator is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Added to a sum.
    Value,
    /// Put into a local first.
    Local,
    /// As condition of `br_if`.
    BrIf,
    /// As condition of `br_if`, negated.
    BrIfNot,
    /// As condition of `if`.
    If,
}

#[test]
fn of_i32() {
    on_small_stack(|| operators_of("i32"));
}

#[test]
fn of_i64() {
    on_small_stack(|| operators_of("i64"));
}

#[test]
fn of_f32() {
    on_small_stack(|| operators_of("f32"));
}

#[test]
fn of_f64() {
    on_small_stack(|| operators_of("f64"));
}

fn operators_of(types: &str) {
    let mut wat = String::from("(module\n");
    let mut cases = Vec::new();
    for operator in OPERATORS.iter().filter(|operator| operator.operand == types) {
        for a in PLACES {
            for b in PLACES {
                if (operator.unary && b != Place::Local) || (a == Place::Constant && b == Place::Constant) {
                    continue;
                }
                let second = if operator.unary { String::new() } else { (operator.operand_text)(b, true) };
                let value = format!("({} {} {second})", operator.text, (operator.operand_text)(a, false));
                for how in [Use::Value, Use::Local, Use::BrIf, Use::BrIfNot, Use::If] {
                    if operator.result != "i32" && how > Use::Local {
                        continue;
                    }
                    let mix = |bits: &str| {
                        format!("(local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 7)) {bits}))")
                    };
                    let body = match how {
                        Use::Value => mix(&apply(operator.to_bits, &value)),
                        // The local has the operands' type, so only where the result has it too.
                        Use::Local if operator.result == operator.operand => {
                            format!("(local.set $y {value}) {}", mix(&apply(operator.to_bits, "(local.get $y)")))
                        }
                        Use::Local => continue,
                        Use::BrIf => format!("(block (br_if 0 {value}) {})", mix("(i64.const 3)")),
                        Use::BrIfNot => format!("(block (br_if 0 (i32.eqz {value})) {})", mix("(i64.const 3)")),
                        Use::If => {
                            format!("(if {value} (then {}) (else {}))", mix("(i64.const 5)"), mix("(i64.const 9)"))
                        }
                    };
                    let name = format!("{} {a:?} {b:?} {how:?}", operator.text);
                    wat += &looped(&name, operator, &body);
                    cases.push((name, operator, [a, b], how));
                }
            }
        }
    }
    wat += ")";
    let expected: Vec<u64> = cases.iter().map(|(_, operator, places, how)| expect(operator, *places, *how)).collect();
    with_instances(&wat, |mode, store, instance| {
        for ((name, ..), expected) in cases.iter().zip(&expected) {
            let func = instance.get_typed_func::<i32, i64>(&mut *store, name).unwrap();
            let sum = func.call(&mut *store, ROUNDS).unwrap();
            assert_eq!(sum as u64, *expected, "{name}, {mode}");
        }
    });
}

impl PartialOrd for Use {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        (*self as u8).partial_cmp(&(*other as u8))
    }
}

fn expect(operator: &Operator, places: [Place; 2], how: Use) -> u64 {
    let (mut s, mut sum) = (0, 0_u64);
    for _ in 0..ROUNDS {
        s = next_state(s);
        let bits = (operator.meaning)(s, places);
        let add = match how {
            Use::Value | Use::Local => Some(bits),
            Use::BrIf => (bits == 0).then_some(3),
            Use::BrIfNot => (bits != 0).then_some(3),
            Use::If => Some(if bits != 0 { 5 } else { 9 }),
        };
        if let Some(add) = add {
            sum = sum.rotate_left(7).wrapping_add(add);
        }
    }
    sum
}
