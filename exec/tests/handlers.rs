//! Every handler there is, very often, on a small native stack: under tail dispatch one that leaves by a call instead of a
//! jump grows the stack by at least a return address each time, and passes its end.

use pirn_decode::ops::{Class, Kind, Op};
use pirn_decode::shape::Shape;
use pirn_decode::sig::{self, Form, Leaf};
use pirn_exec::exercise::{all, exercise, listed};
use pirn_exec::{Handlers, Trap, target};
use std::collections::{HashMap, HashSet};

/// Bytes of the native stack. Code that is not optimised takes more of it by itself; there the portable loop runs, which leaves nothing.
const STACK: usize = if pirn_exec::OPTIMISED { 128 << 10 } else { 256 << 10 };
/// How often each is executed: 16 bytes a call pass the end of the stack six times over.
const ROUNDS: u32 = if pirn_exec::OPTIMISED { 50_000 } else { 20 };

#[test]
fn every_handler_leaves_by_a_jump() {
    // Making the list takes more of the stack than there is below.
    assert!(all().count() > 0);
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(|| {
        let mut trapped = Vec::new();
        for (sig, shape) in all() {
            // What died last, if one does not come back.
            if std::env::var_os("PIRN_SHOW_HANDLERS").is_some() {
                eprintln!("{shape:?}");
            }
            if let Err(trap) = exercise(sig, ROUNDS) {
                trapped.push((trap, shape));
            }
        }
        trapped
    });
    let trapped: Vec<(Trap, _)> = thread.unwrap().join().unwrap();
    // Deep trees compute addresses and divisors of their own, and some end in a trap with any operands of the exercise.
    println!("{} handlers always trap, the first of them: {:?}", trapped.len(), trapped.first());
    assert!(trapped.len() * 100 < all().count(), "too many handlers always trap");
}

/// Lowering knows shapes by their signatures alone.
#[test]
fn no_two_shapes_share_a_signature() {
    let mut shapes: HashMap<u64, &Shape> = HashMap::new();
    for (sig, shape) in listed() {
        let first = *shapes.entry(sig).or_insert(shape);
        assert_eq!(first, shape, "both have the signature {sig:#x}");
    }
    assert_eq!(shapes.len(), target().len());
}

#[test]
fn the_table_has_room_for_more() {
    const ROOM: usize = 100;
    let (len, most) = (target().len(), Handlers::MOST);
    println!("{len} handlers of {most}");
    assert!(
        len + ROOM <= most,
        "{len} handlers, and the table takes {most}: double `SLOTS` in exec/src/shapes/lookup.rs"
    );
}

/// Lowering does not ask for these: see [`pirn_decode::Target`].
#[test]
fn operators_of_slots_and_accumulators_have_handlers() {
    let sigs: HashSet<u64> = all().map(|(sig, _)| sig).collect();
    let mut asked = 0;
    // Integers of 128 bits are taken apart in place of being set.
    for &op in Op::ALL.iter().filter(|op| op.info().result != Class::I128) {
        let info = op.info();
        let leaf = |leaf| sig::leaf(leaf, info.operand);
        let firsts = [Leaf::Slot, Leaf::Acc];
        let trees: Vec<_> = match op.kind() {
            Kind::Unary | Kind::Load => firsts.map(|a| sig::unary(op, leaf(a))).to_vec(),
            Kind::Binary => {
                let pairs = firsts.into_iter().flat_map(|a| [Leaf::Slot, Leaf::Acc, Leaf::Imm].map(|b| (a, b)));
                // There is one accumulator for both, unless one operand alone is a vector, and it comes first if it may.
                let apart = info.operand.is_float() != info.second.is_float();
                let possible = |&(a, b): &_| b != Leaf::Acc || apart || a == Leaf::Slot && op.swapped().is_none();
                // A vector that is a constant counts as something that computes.
                let possible = |pair: &(_, _)| possible(pair) && !(pair.1 == Leaf::Imm && info.second.is_wide());
                pairs.filter(possible).map(|(a, b)| sig::binary(op, leaf(a), sig::leaf(b, info.second))).collect()
            }
            // Lowering asks for these.
            Kind::Ternary | Kind::Extract | Kind::Replace | Kind::Store => continue,
        };
        for tree in trees {
            asked += 1;
            assert!(sigs.contains(&sig::form(Form::SetAcc, info.result, tree)), "{op:?}");
        }
    }
    assert!(asked > 450, "{asked}");
}

/// Wide arithmetic can always be cut: each operator has handlers for slots, and for the accumulator in any one place.
#[test]
fn integers_of_128_bits_are_taken_apart() {
    let sigs: HashSet<u64> = all().map(|(sig, _)| sig).collect();
    let has = |sig| sigs.contains(&sig::form(Form::SetHigh, Class::I128, sig));
    let (slot, acc) = (sig::leaf(Leaf::Slot, Class::I64), sig::leaf(Leaf::Acc, Class::I64));
    for op in [Op::I64MulWideS, Op::I64MulWideU] {
        assert!([(slot, slot), (acc, slot)].into_iter().all(|(a, b)| has(sig::binary(op, a, b))), "{op:?}");
    }
    let operands = [
        (sig::unary(Op::I64Widen, slot), false),
        (sig::unary(Op::I64Widen, acc), true),
        (sig::binary(Op::I64Join, slot, slot), false),
        (sig::binary(Op::I64Join, acc, slot), true),
        (sig::binary(Op::I64Join, slot, acc), true),
    ];
    for op in [Op::I64Add128, Op::I64Sub128] {
        for (a, a_acc) in operands {
            for (b, b_acc) in operands {
                assert!(a_acc && b_acc || has(sig::binary(op, a, b)), "{op:?}");
            }
        }
    }
}

/// Lowering joins one statement after the other.
#[test]
fn what_a_sequence_begins_with_has_a_handler() {
    let sigs: HashSet<u64> = all().map(|(sig, _)| sig).collect();
    let beginning = |shape: &Shape| match shape {
        Shape::Seq(first, _) => Some(first.sig()),
        _ => None,
    };
    let lost: Vec<_> = all()
        .map(|(_, shape)| shape)
        .filter(|shape| beginning(shape).is_some_and(|sig| !sigs.contains(&sig)))
        .collect();
    assert!(lost.is_empty(), "{} handlers can never be reached: {lost:#?}", lost.len());
}
