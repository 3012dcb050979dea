//! No two shapes may share a signature: lowering asks for the handler of trees that have none.

use pirn_decode::ops::{Class, Op};
use pirn_decode::sig::{self, Form, Leaf, Sig};
use std::collections::HashMap;

/// Every operator over `kids`, whatever their types.
fn grow(kids: &[(String, Sig)], into: &mut Vec<(String, Sig)>) {
    for &op in Op::ALL {
        for (text, kid) in kids {
            into.push((format!("{op:?} {text}"), sig::unary(op, *kid)));
            for (other, second) in &kids[..kids.len().min(12)] {
                into.push((format!("{op:?} ({text}) ({other})"), sig::binary(op, *kid, *second)));
            }
        }
    }
}

#[test]
fn shapes_are_told_apart() {
    const CLASSES: [Class; 4] = [Class::I32, Class::I64, Class::F32, Class::F64];
    let mut shapes = Vec::new();
    for class in CLASSES {
        for leaf in [Leaf::Slot, Leaf::Acc, Leaf::Imm, Leaf::Global, Leaf::Func] {
            shapes.push((format!("{leaf:?} {class:?}"), sig::leaf(leaf, class)));
        }
    }
    let leaves = shapes.clone();
    grow(&leaves, &mut shapes);
    let level: Vec<_> = shapes[leaves.len()..].iter().step_by(97).cloned().collect();
    grow(&level, &mut shapes);
    let some: Vec<_> = shapes.iter().step_by(7).cloned().collect();
    for form in Form::ALL {
        for (text, shape) in some.iter().step_by(11).chain(&leaves) {
            shapes.push((format!("{form:?} {text}"), sig::form(form, Class::I32, *shape)));
        }
    }
    for pair in some.windows(2).step_by(5) {
        shapes.push((format!("{} ; {}", pair[0].0, pair[1].0), sig::seq(pair[0].1, pair[1].1)));
    }
    let mut seen: HashMap<Sig, &str> = HashMap::new();
    for (text, shape) in &shapes {
        if let Some(other) = seen.insert(*shape, text)
            && other != text
        {
            panic!("{other} and {text} have the signature {shape:#x}");
        }
    }
    assert!(seen.len() > 1_000_000, "{} shapes", seen.len());
}
