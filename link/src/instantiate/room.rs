//! How much room the objects take that a module's constant expressions make.

use pirn_decode::Module;
use pirn_decode::module::{ConstOp, ElementItems};

/// So many bytes more may an object take than its type says.
const SLACK: u64 = 64;

/// No less than what the objects take that instantiating the module makes. What the lengths of arrays come to that are computed is not known:
/// they may take all there is.
pub(super) fn of_constants(module: &Module) -> u64 {
    if !module.has_objects() {
        return 0;
    }
    let segments = module.elements.iter().flat_map(|element| match &element.items {
        ElementItems::Exprs(exprs) => &exprs[..],
        ElementItems::Funcs(_) => &[],
    });
    let exprs = module.global_inits.iter().chain(module.table_inits.iter().map(|(_, init)| init)).chain(segments);
    exprs.map(|expr| of_constant(module, expr)).fold(0, u64::saturating_add)
}

fn of_constant(module: &Module, expr: &[ConstOp]) -> u64 {
    let array = |typeidx: pirn_decode::TypeIdx, len| {
        let ty = module.types[typeidx.index()].as_array();
        ty.map_or(u64::MAX, |ty| ty.bytes(len)).saturating_add(SLACK)
    };
    let mut before = None;
    let mut bytes = 0_u64;
    for op in expr {
        let more = match *op {
            ConstOp::StructNew(typeidx) | ConstOp::StructNewDefault(typeidx) => {
                let ty = module.types[typeidx.index()].as_struct();
                ty.map_or(u64::MAX, |ty| u64::from(ty.bytes())).saturating_add(SLACK)
            }
            ConstOp::ArrayNewFixed(typeidx, len) => array(typeidx, len),
            ConstOp::ArrayNew(typeidx) | ConstOp::ArrayNewDefault(typeidx) => match before {
                Some(&ConstOp::I32Const(len)) => array(typeidx, len as u32),
                _ => u64::MAX,
            },
            _ => 0,
        };
        bytes = bytes.saturating_add(more);
        before = Some(op);
    }
    bytes
}
