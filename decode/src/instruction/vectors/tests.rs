//! The rows of vector operators against wasmparser: none is missing, and names, opcodes and immediates are right.

use crate::ops::Op;
use std::collections::{HashMap, HashSet};
use wasmparser::{BinaryReader, OperatorsReader};

/// A row with an opcode, and how many bytes of immediates follow it.
struct Row {
    name: &'static str,
    codes: &'static [u16],
    text: &'static str,
    immediates: usize,
}

macro_rules! define {
    (
        unops {
            $($un:ident [$($uc:literal)*] $un_text:literal $ua:ident => $ut:ident $ub:ident
                <$ui:ident> |$ux:ident| $usem:expr;)*
        }
        binops {
            $($bin:ident [$($bc:literal)*] $bin_text:literal $ba:ident $bb:ident => $bt:ident $bbest:ident
                <$bi:ident> |$bx:ident, $by:ident| $bsem:expr;)*
        }
        ternops {
            $($tern:ident [$($tc:literal)*] $tern_text:literal $ta:ident $tb:ident $tcc:ident => $tt:ident $tbest:ident
                <$ti:ident> |$tx:ident, $ty:ident, $tz:ident| $tsem:expr;)*
        }
        extracts {
            $($ext:ident [$($ec:literal)*] $ext_text:literal $elanes:literal $ea:ident => $et:ident $ebest:ident
                <$ei:ident, $elane:ident> |$ex:ident| $esem:expr;)*
        }
        replaces {
            $($rep:ident [$($rc:literal)*] $rep_text:literal $rlanes:literal $ra:ident $rb:ident => $rt:ident
                $rbest:ident <$ri:ident, $rlane:ident> |$rx:ident, $ry:ident| $rsem:expr;)*
        }
        loads {
            $($load:ident [$($lc:literal)*] $load_text:literal in $lraw:ident => $lt:ident $lbest:ident
                <$li:ident> |$lx:ident| $lsem:expr;)*
        }
        stores {
            $($store:ident [$($sc:literal)*] $store_text:literal $st:ident => in $sraw:ident $sbest:ident
                <$si:ident> |$sx:ident| $ssem:expr;)*
        }
        lane_loads {
            $($ll:ident [$($llc:literal)*] $ll_text:literal $lllanes:literal $ll_load:ident $ll_replace:ident;)*
        }
        lane_stores {
            $($ls:ident [$($lsc:literal)*] $ls_text:literal $lslanes:literal $ls_extract:ident $ls_store:ident;)*
        }
        relaxed { $($relaxed:ident [$($xc:literal)*] $relaxed_text:literal $fast:ident $strict:ident;)* }
    ) => {
        const ROWS: &[Row] = &[
            $(Row { name: stringify!($un), codes: &[$($uc),*], text: $un_text, immediates: 0 },)*
            $(Row { name: stringify!($bin), codes: &[$($bc),*], text: $bin_text, immediates: 0 },)*
            $(Row {
                name: stringify!($tern),
                codes: &[$($tc),*],
                text: $tern_text,
                immediates: if matches!($tern_text.as_bytes(), b"i8x16.shuffle") { 16 } else { 0 },
            },)*
            $(Row { name: stringify!($ext), codes: &[$($ec),*], text: $ext_text, immediates: 1 },)*
            $(Row { name: stringify!($rep), codes: &[$($rc),*], text: $rep_text, immediates: 1 },)*
            $(Row { name: stringify!($load), codes: &[$($lc),*], text: $load_text, immediates: 2 },)*
            $(Row { name: stringify!($store), codes: &[$($sc),*], text: $store_text, immediates: 2 },)*
            $(Row { name: stringify!($ll), codes: &[$($llc),*], text: $ll_text, immediates: 3 },)*
            $(Row { name: stringify!($ls), codes: &[$($lsc),*], text: $ls_text, immediates: 3 },)*
            $(Row { name: stringify!($relaxed), codes: &[$($xc),*], text: $relaxed_text, immediates: 0 },)*
        ];

        /// Types of operands and result, as names of them; operators of `relaxed` rows are among them.
        const TYPES: &[(&str, &[&str], &str)] = &[
            $((stringify!($un), &[stringify!($ua)], stringify!($ut)),)*
            $((stringify!($bin), &[stringify!($ba), stringify!($bb)], stringify!($bt)),)*
            $((stringify!($tern), &[stringify!($ta), stringify!($tb), stringify!($tcc)], stringify!($tt)),)*
            $((stringify!($ext), &[stringify!($ea)], stringify!($et)),)*
            $((stringify!($rep), &[stringify!($ra), stringify!($rb)], stringify!($rt)),)*
            $((stringify!($load), &[stringify!($lraw)], stringify!($lt)),)*
            $((stringify!($store), &[stringify!($st)], stringify!($sraw)),)*
        ];

        const LANES: &[(&str, u32)] = &[
            $(($ext_text, $elanes),)* $(($rep_text, $rlanes),)* $(($ll_text, $lllanes),)* $(($ls_text, $lslanes),)*
        ];

        const LOWERED: &[(&str, [&str; 2])] = &[
            $((stringify!($ll), [stringify!($ll_load), stringify!($ll_replace)]),)*
            $((stringify!($ls), [stringify!($ls_extract), stringify!($ls_store)]),)*
        ];

        const RELAXED: &[(&str, [&str; 2])] =
            &[$((stringify!($relaxed), [stringify!($fast), stringify!($strict)]),)*];
    };
}
crate::for_each_vector_op!(define);

/// wasmparser's operators of a proposal, by name, with the name of the function that visits one.
macro_rules! of_wasmparser {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $type:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
        const WASMPARSER: &[(&str, &str, &str)] = &[$((stringify!($proposal), stringify!($op), stringify!($visit)),)*];
    };
}
wasmparser::for_each_operator!(of_wasmparser);

#[test]
fn every_operator_has_a_row() {
    let of = |proposal: &str| -> HashSet<&str> {
        WASMPARSER.iter().filter(|(of, ..)| *of == proposal).map(|&(_, name, _)| name).collect()
    };
    let (simd, relaxed) = (of("simd"), of("relaxed_simd"));
    assert_eq!((simd.len(), relaxed.len()), (236, 20));
    let rows: Vec<&str> = ROWS.iter().filter(|row| !row.codes.is_empty()).map(|row| row.name).collect();
    let ours: HashSet<&str> = rows.iter().copied().collect();
    assert_eq!(ours.len(), rows.len(), "a row twice");
    let theirs: HashSet<&str> = simd.union(&relaxed).copied().filter(|&name| name != "V128Const").collect();
    assert_eq!(ours, theirs);
    let names: HashSet<&str> = RELAXED.iter().map(|&(name, _)| name).collect();
    assert_eq!(names, relaxed);
}

#[test]
fn opcodes_as_wasmparser_reads_them() {
    for &Row { name, codes, text, immediates } in ROWS {
        let [prefix, number] = *codes else {
            assert!(codes.is_empty(), "{name}");
            continue;
        };
        let low = number as u8 | if number >= 0x80 { 0x80 } else { 0 };
        let mut bytes = vec![prefix as u8, low];
        if number >= 0x80 {
            bytes.push((number >> 7) as u8);
        }
        let len = bytes.len() + immediates;
        bytes.resize(bytes.len() + 32, 0);
        let mut operators = OperatorsReader::new(BinaryReader::new(&bytes, 0));
        let theirs = operators.read().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(format!("{theirs:?}").split([' ', '{']).next(), Some(name));
        assert_eq!(operators.original_position(), len as u64, "{name}");
        let visit = WASMPARSER.iter().find(|&&(_, theirs, _)| theirs == name).expect("it is theirs").2;
        assert_eq!(format!("visit_{}", text.replacen('.', "_", 1)), visit);
    }
}

/// As the names say them.
#[test]
fn lanes_fit() {
    for &(text, lanes) in LANES {
        let bits: String = text.trim_start_matches(|c: char| !c.is_ascii_digit()).chars().collect();
        let bits = match text.split_once(".load").or(text.split_once(".store")) {
            Some((_, bits)) => bits.trim_end_matches("_lane"),
            None => bits.split('x').next().expect("a shape"),
        };
        assert_eq!(lanes * bits.parse::<u32>().expect("bits of a lane"), 128, "{text}");
    }
}

/// Operators that rows name exist, and take and give what the instruction does.
#[test]
fn rows_name_operators() {
    let vectors: HashMap<&str, (&[&str], &str)> =
        TYPES.iter().map(|&(name, operands, result)| (name, (operands, result))).collect();
    assert_eq!(vectors.len(), TYPES.len(), "two operators of one name");
    let scalar = |name| Op::ALL.iter().any(|op| format!("{op:?}") == name);
    for &(name, operators) in LOWERED {
        for operator in operators {
            assert!(vectors.contains_key(operator) || scalar(operator), "{name}: {operator}");
        }
    }
    for &(name, [fast, strict]) in RELAXED {
        let (fast, strict) = (vectors[fast], vectors[strict]);
        assert_eq!(fast, strict, "{name}");
        assert_eq!(fast.1, "v128", "{name}");
    }
    // What has no opcode is named by a relaxed row, makes NaNs canonical or 64-bit indices of tables shorter, stores references, or is a
    // shuffle.
    for Row { name, .. } in ROWS.iter().filter(|row| row.codes.is_empty()) {
        let named = RELAXED.iter().any(|(_, operators)| operators.contains(name));
        let is_shuffle = ["Interleave", "Concat"].iter().any(|part| name.contains(part));
        let is_other = ["I32SaturateI64", "RefStore"].contains(name);
        assert!(named || name.ends_with("Canonical") || is_other || is_shuffle, "{name}");
    }
}
