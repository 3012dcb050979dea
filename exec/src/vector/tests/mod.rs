//! Every row of each set of instructions that this machine has, on many operands, against the reference; and the
//! reference against values written by hand (`spots.rs`).

mod allowed;
mod operands;
mod spots;

use crate::vector::isa::Isa;
use crate::vector::lanes::Lane;
use crate::vector::{Base, Best, Portable, V128, has_best};
use allowed::{Rule, rule};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

/// What rows call their types.
#[allow(non_camel_case_types, reason = "the rows' name")]
type v128 = V128;

/// An operand or result: of a vector, the lowest lane; the others are 0 in what is made of it.
trait Value {
    fn of(vector: V128) -> Self;

    fn lowest(self) -> V128;
}

impl Value for V128 {
    fn of(vector: V128) -> Self {
        vector
    }

    fn lowest(self) -> V128 {
        self
    }
}

macro_rules! value {
    ($($ty:ident)*) => {
        $(impl Value for $ty {
            fn of(vector: V128) -> Self {
                <$ty>::lanes(vector)[0]
            }

            fn lowest(self) -> V128 {
                let mut lanes = <$ty>::lanes(V128::zero());
                lanes[0] = self;
                <$ty>::vector(lanes)
            }
        })*
    };
}
value!(u8 u16 u32 u64 f32 f64);

type Function = fn([V128; 3]) -> V128;

/// A row, for a lane if it has one.
struct Row {
    name: &'static str,
    text: &'static str,
    operands: usize,
    portable: Function,
    base: Function,
    best: Function,
}

macro_rules! row {
    ($rows:ident $name:ident $text:literal $operands:literal $run:ident $(, $lane:literal)?) => {
        $rows.push(Row {
            name: stringify!($name),
            text: $text,
            operands: $operands,
            portable: $run::<Portable $(, $lane)?>,
            base: $run::<Base $(, $lane)?>,
            best: $run::<Best $(, $lane)?>,
        })
    };
}

macro_rules! lanes {
    ($rows:ident $name:ident $text:literal $operands:literal $run:ident 2) => {
        lanes!(@ $rows $name $text $operands $run 0 1)
    };
    ($rows:ident $name:ident $text:literal $operands:literal $run:ident 4) => {
        lanes!(@ $rows $name $text $operands $run 0 1 2 3)
    };
    ($rows:ident $name:ident $text:literal $operands:literal $run:ident 8) => {
        lanes!(@ $rows $name $text $operands $run 0 1 2 3 4 5 6 7)
    };
    ($rows:ident $name:ident $text:literal $operands:literal $run:ident 16) => {
        lanes!(@ $rows $name $text $operands $run 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    (@ $rows:ident $name:ident $text:literal $operands:literal $run:ident $($lane:literal)*) => {
        { $(row!($rows $name $text $operands $run, $lane);)* }
    };
}

macro_rules! define {
    (
        unops {
            $($un:ident $uc:tt $un_text:literal $ua:ident => $ut:ident $ub:ident <$ui:ident> |$ux:ident| $usem:expr;)*
        }
        binops {
            $($bin:ident $bc:tt $bin_text:literal $ba:ident $bb:ident => $bt:ident $bbest:ident
                <$bi:ident> |$bx:ident, $by:ident| $bsem:expr;)*
        }
        ternops {
            $($tern:ident $tc:tt $tern_text:literal $ta:ident $tb:ident $tcc:ident => $tt:ident $tbest:ident
                <$ti:ident> |$tx:ident, $ty:ident, $tz:ident| $tsem:expr;)*
        }
        extracts {
            $($ext:ident $ec:tt $ext_text:literal $elanes:tt $ea:ident => $et:ident $ebest:ident
                <$ei:ident, $elane:ident> |$ex:ident| $esem:expr;)*
        }
        replaces {
            $($rep:ident $rc:tt $rep_text:literal $rlanes:tt $ra:ident $rb:ident => $rt:ident $rbest:ident
                <$ri:ident, $rlane:ident> |$rx:ident, $ry:ident| $rsem:expr;)*
        }
        loads {
            $($load:ident $lc:tt $load_text:literal in $lraw:ident => $lt:ident $lbest:ident
                <$li:ident> |$lx:ident| $lsem:expr;)*
        }
        stores {
            $($store:ident $sc:tt $store_text:literal $st:ident => in $sraw:ident $sbest:ident
                <$si:ident> |$sx:ident| $ssem:expr;)*
        }
        $($lowered:tt)*
    ) => {
        fn rows() -> Vec<Row> {
            let mut rows = Vec::new();
            $({
                fn run<$ui: Isa>([a, ..]: [V128; 3]) -> V128 {
                    let $ux = <$ua as Value>::of(a);
                    <$ut as Value>::lowest($usem)
                }
                row!(rows $un $un_text 1 run);
            })*
            $({
                fn run<$bi: Isa>([a, b, _]: [V128; 3]) -> V128 {
                    let ($bx, $by) = (<$ba as Value>::of(a), <$bb as Value>::of(b));
                    <$bt as Value>::lowest($bsem)
                }
                row!(rows $bin $bin_text 2 run);
            })*
            $({
                fn run<$ti: Isa>([a, b, c]: [V128; 3]) -> V128 {
                    let ($tx, $ty, $tz) = (<$ta as Value>::of(a), <$tb as Value>::of(b), <$tcc as Value>::of(c));
                    <$tt as Value>::lowest($tsem)
                }
                row!(rows $tern $tern_text 3 run);
            })*
            $({
                fn run<$ei: Isa, const $elane: u8>([a, ..]: [V128; 3]) -> V128 {
                    let $ex = <$ea as Value>::of(a);
                    <$et as Value>::lowest($esem)
                }
                lanes!(rows $ext $ext_text 1 run $elanes);
            })*
            $({
                fn run<$ri: Isa, const $rlane: u8>([a, b, _]: [V128; 3]) -> V128 {
                    let ($rx, $ry) = (<$ra as Value>::of(a), <$rb as Value>::of(b));
                    <$rt as Value>::lowest($rsem)
                }
                lanes!(rows $rep $rep_text 2 run $rlanes);
            })*
            $({
                #[allow(clippy::extra_unused_type_parameters, reason = "as the others")]
                fn run<$li: Isa>([a, ..]: [V128; 3]) -> V128 {
                    let $lx = <$lraw as Value>::of(a);
                    <$lt as Value>::lowest($lsem)
                }
                row!(rows $load $load_text 1 run);
            })*
            $({
                #[allow(clippy::extra_unused_type_parameters, reason = "as the others")]
                fn run<$si: Isa>([a, ..]: [V128; 3]) -> V128 {
                    let $sx = <$st as Value>::of(a);
                    <$sraw as Value>::lowest($ssem)
                }
                row!(rows $store $store_text 1 run);
            })*
            rows
        }
    };
}
pirn_decode::for_each_vector_op!(define);

/// The rows of this name.
fn named(name: &str) -> Row {
    rows().into_iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no row {name}"))
}

impl Row {
    /// The operands as they may be: a shuffle's third names lanes less than 32.
    fn allowed(&self, [a, b, c]: [V128; 3]) -> [V128; 3] {
        match self.name {
            "I8x16Shuffle" => [a, b, Portable::v128_and(c, Portable::i8x16_splat(31))],
            _ => [a, b, c],
        }
    }

    /// The functions that can run here, the reference first.
    fn functions(&self) -> Vec<(&'static str, Function)> {
        let mut functions = vec![("Portable", self.portable), ("Base", self.base)];
        if has_best() {
            functions.push(("Best", self.best));
        }
        functions
    }
}

fn compare(row: &Row, operands: &[[V128; 3]]) {
    let rule = rule(row.name);
    let functions = row.functions();
    for &operands in operands {
        let operands = row.allowed(operands);
        let expected = (row.portable)(operands);
        for (set, function) in &functions {
            let found = function(operands);
            let right = match &rule {
                Rule::Exact => found == expected,
                Rule::Float32 { from } => allowed::floats::<f32>(expected, found, &operands[..row.operands], *from),
                Rule::Float64 { from } => allowed::floats::<f64>(expected, found, &operands[..row.operands], *from),
                Rule::OneOf { bits, choices } => allowed::one_of(*bits, found, &choices(operands)),
            };
            let operands = &operands[..row.operands];
            assert!(right, "{} of {set}: {operands:?} gives {found:?}, and the reference {expected:?}", row.text);
        }
    }
}

/// In a debug build this takes some seconds.
#[test]
fn sets_agree() {
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        assert_ne!(core::any::type_name::<Base>(), core::any::type_name::<Portable>(), "there is something to compare");
    }
    let rows = rows();
    let operands = operands::operands();
    assert!(operands.len() > 4_000, "{}", operands.len());
    for row in &rows {
        compare(row, &operands);
    }
}

/// Operators without an instruction that stand for shuffles: what `i8x16.shuffle` gives by the lanes of their name.
#[test]
fn shuffles_by_a_pattern() {
    let shuffle = named("I8x16Shuffle").portable;
    let operands = operands::operands();
    // The lane that each lane is, of the first operand and then the second.
    let check = |name: &str, width: usize, lane: fn(usize, usize) -> usize| {
        let row = named(name);
        let byte = |i: usize| (lane(i / width, 16 / width) * width + i % width) as u8;
        let lanes = V128::from_bytes(std::array::from_fn(byte));
        for &[a, b, _] in &operands {
            for (set, function) in row.functions() {
                assert_eq!(function([a, b, a]), shuffle([a, b, lanes]), "{name} of {set}: {a:?} {b:?}");
            }
        }
    };
    for width in [8, 16, 32, 64] {
        let name = |half| format!("I{width}x{}Interleave{half}", 128 / width);
        check(&name("Low"), width / 8, |i, count| i / 2 + i % 2 * count);
        check(&name("High"), width / 8, |i, count| count / 2 + i / 2 + i % 2 * count);
    }
    check("I32x4ConcatEven", 4, |i, _| 2 * i);
    check("I32x4ConcatOdd", 4, |i, _| 2 * i + 1);
}

/// The operands tell every two operators apart, so one in another's place would be noticed. Not among them are those that
/// mean what another does: conversions of what was loaded, defaults of relaxed operators, moves of floats, lower halves that are
/// put together as one replaces a lane.
#[test]
fn operands_tell_operators_apart() {
    let operands = operands::operands();
    let mut seen = HashMap::new();
    for row in rows() {
        let moves_floats = row.name.starts_with('F') && ["Splat", "Lane"].iter().any(|end| row.name.ends_with(end));
        if moves_floats
            || row.name == "I64x2InterleaveLow"
            || ["load", "store", "relaxed"].iter().any(|part| row.text.contains(part))
        {
            continue;
        }
        // Of all results, a number that hardly collides.
        let mut hash = DefaultHasher::new();
        for &operands in &operands {
            hash.write(&(row.portable)(row.allowed(operands)).to_bytes());
        }
        if let Some(other) = seen.insert(hash.finish(), row.text) {
            panic!("{} and {other} give the same", row.text);
        }
    }
    assert!(seen.len() > 220, "{}", seen.len());
}
