//! Types of what a frame holds, for those who read frames or write them: by validating the body up to where execution stands
//! still (spec appendix A.3).

use crate::lower::place::Stand;
use crate::module::types::val_type;
use crate::{Error, Features, FuncIdx, Module, TypeIdx, ValType};
use wasmparser::{
    BinaryReader, FuncToValidate, FuncValidator, FunctionBody, Operator, OperatorsReader, Parser, ValidPayload,
    Validator, ValidatorResources, WasmFeatures,
};

/// The bodies of a module, ready to be validated once more.
pub struct Bodies {
    funcs: Vec<FuncToValidate<ValidatorResources>>,
}

impl std::fmt::Debug for Bodies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bodies").field("funcs", &self.funcs.len()).finish_non_exhaustive()
    }
}

/// The types of what a frame holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameTypes {
    /// Of its locals, which begin with the parameters.
    pub locals: Vec<ValType>,
    /// Of the operand stack, the topmost last; where a call is waited for, without its operands.
    pub operands: Vec<ValType>,
    /// Type of the function that is waited for, if one is.
    pub callee: Option<TypeIdx>,
}

impl Bodies {
    /// Those of `module`, which was validated with these features.
    ///
    /// # Errors
    /// It was not.
    pub fn new(module: &Module, features: Features) -> Result<Self, Error> {
        let flags = features.flags();
        let mut validator = Validator::new_with_features(flags.difference(WasmFeatures::COMPACT_IMPORTS));
        let mut parser = Parser::new(0);
        parser.set_features(flags);
        let mut funcs = Vec::with_capacity(module.bodies.len());
        for payload in parser.parse_all(&module.bytes) {
            if let ValidPayload::Func(func, _) = validator.payload(&payload?)? {
                funcs.push(func);
            }
        }
        Ok(Self { funcs })
    }

    /// The types in the frame of function `funcidx` of the module, which stands where [`Place::offset`](crate::Place::offset) says. `None` if
    /// there is no such place, or it cannot be reached.
    ///
    /// # Errors
    /// The function is none of the module's own, or the body is not valid.
    pub fn types_at(
        &self,
        module: &Module,
        funcidx: FuncIdx,
        stand: Stand,
        offset: u32,
    ) -> Result<Option<FrameTypes>, Error> {
        let Some(func) = module.own(funcidx).and_then(|own| self.funcs.get(own)) else {
            return Err(Error::new(format!("function {funcidx} is none of the module's own"), offset.into()));
        };
        // The resources are shared.
        let resources = func.resources.clone();
        let func = FuncToValidate { resources, index: func.index, ty: func.ty, features: func.features };
        let range = module.body(funcidx);
        let start = range.start as u64;
        let body = FunctionBody::new(BinaryReader::new(&module.bytes[range], start));
        let mut validator = func.into_validator(Default::default());
        let mut reader = body.get_binary_reader();
        validator.read_locals(&mut reader)?;
        if stand == Stand::Entry {
            let is_entry = reader.original_position() == u64::from(offset);
            return if is_entry { types(module, &validator, None, 0).map(Some) } else { Ok(None) };
        }
        let mut reader = OperatorsReader::new(reader);
        while !reader.eof() {
            let (operator, at) = reader.read_with_offset()?;
            if at > u64::from(offset) {
                break;
            }
            if at == u64::from(offset) && stand != Stand::Loop {
                return match (stand, callee(module, &operator)) {
                    (Stand::Call, Some((callee, operands))) => reached(module, &validator, Some(callee), operands),
                    (Stand::Call, None) => Ok(None),
                    (Stand::Entry | Stand::Loop | Stand::Before, _) => reached(module, &validator, None, 0),
                };
            }
            validator.op(at, &operator)?;
            if at == u64::from(offset) {
                return match operator {
                    Operator::Loop { .. } => reached(module, &validator, None, 0),
                    _ => Ok(None),
                };
            }
        }
        Ok(None)
    }
}

/// The type of what an operator calls that returns behind itself, and how many operands the call takes.
fn callee(module: &Module, operator: &Operator<'_>) -> Option<(TypeIdx, usize)> {
    let params = |ty: TypeIdx| module.signature(ty).params().len();
    match *operator {
        Operator::Call { function_index } => {
            let ty = module.typeidx(FuncIdx(function_index));
            Some((ty, params(ty)))
        }
        Operator::CallIndirect { type_index, .. } => {
            let ty = TypeIdx(type_index);
            Some((ty, params(ty) + 1))
        }
        Operator::CallRef { type_index } => {
            let ty = TypeIdx(type_index);
            Some((ty, params(ty) + 1))
        }
        // No other instruction waits for a function.
        _ => None,
    }
}

/// The types there, without the topmost `operands`; `None` if the place cannot be reached.
fn reached(
    module: &Module,
    validator: &FuncValidator<ValidatorResources>,
    callee: Option<TypeIdx>,
    operands: usize,
) -> Result<Option<FrameTypes>, Error> {
    // Blocks around it may be unreachable where it begins.
    let mut blocks = (0..validator.control_stack_height() as usize).map(|depth| validator.get_control_frame(depth));
    if blocks.any(|block| block.is_none_or(|block| block.unreachable)) {
        return Ok(None);
    }
    types(module, validator, callee, operands).map(Some)
}

fn types(
    module: &Module,
    validator: &FuncValidator<ValidatorResources>,
    callee: Option<TypeIdx>,
    operands: usize,
) -> Result<FrameTypes, Error> {
    let height = validator.operand_stack_height() as usize;
    let known = |ty: Option<Option<wasmparser::ValType>>| match ty {
        Some(Some(ty)) => val_type(module, ty),
        Some(None) | None => Err(Error::new("a value of no known type", 0)),
    };
    let locals = (0..validator.len_locals()).map(|index| known(validator.get_local_type(index).map(Some)));
    let stack = (operands..height).rev().map(|depth| known(validator.get_operand_type(depth)));
    Ok(FrameTypes { locals: locals.collect::<Result<_, _>>()?, operands: stack.collect::<Result<_, _>>()?, callee })
}
