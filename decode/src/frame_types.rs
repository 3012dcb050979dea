//! Types of what a frame holds, for those who read frames or write them: by validating the body up to where execution stands
//! still (spec appendix A.3).

use crate::lower::place::Stand;
use crate::module::types::val_type_by;
use crate::{Error, Features, FuncIdx, HeapType, Module, RefType, TypeIdx, ValType};
use std::collections::{BTreeSet, HashMap};
use wasmparser::types::CoreTypeId;
use wasmparser::{
    BinaryReader, FrameKind, FuncToValidate, FuncValidator, FunctionBody, Operator, OperatorsReader, Parser, Payload,
    ValidPayload, Validator, ValidatorResources, WasmFeatures,
};

/// The bodies of a module, ready to be validated once more.
pub struct Bodies {
    funcs: Vec<FuncToValidate<ValidatorResources>>,
    /// What the validator calls the module's types.
    ids: HashMap<CoreTypeId, u32>,
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
    /// Indices of the locals that cannot be null and that validation says are not set here, in order: they hold nothing.
    pub uninitialized: Vec<u32>,
    /// Of the operand stack, the topmost last; where a call is waited for, without its operands. Below the values of every open `catch` and
    /// `catch_all` of the older instructions lies a reference to the exception, which the specification keeps elsewhere.
    pub operands: Vec<ValType>,
    /// Type of the function that is waited for, if one is.
    pub callee: Option<TypeIdx>,
}

/// How many values a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Locals, parameters among them.
    pub locals: usize,
    /// Values of the operand stack; where a call is waited for, without its operands.
    pub operands: usize,
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
            let payload = payload?;
            // At the end the validator forgets the types.
            if matches!(payload, Payload::End(_)) {
                break;
            }
            if let ValidPayload::Func(func, _) = validator.payload(&payload)? {
                funcs.push(func);
            }
        }
        let types = validator.types(0);
        let count = types.as_ref().map_or(0, |types| types.core_type_count_in_module());
        let id = |typeidx| Some((types.as_ref()?.core_type_at_in_module(typeidx), typeidx));
        let ids = (0..count).filter_map(id).collect();
        Ok(Self { funcs, ids })
    }

    /// The types in frames of function `funcidx` of the module, which stand where [`Place::offset`](crate::Place::offset) says. What is missing is no
    /// such place, or it cannot be reached, or has other [`Counts`] than are wanted.
    ///
    /// The body is validated once, however many there are. What is given takes memory for the locals and operands of each.
    ///
    /// # Errors
    /// The function is none of the module's own, or the body is not valid.
    pub fn types_of(
        &self,
        module: &Module,
        funcidx: FuncIdx,
        wanted: &HashMap<(Stand, u32), Option<Counts>>,
    ) -> Result<HashMap<(Stand, u32), FrameTypes>, Error> {
        let Some(func) = module.own(funcidx).and_then(|own| self.funcs.get(own)) else {
            return Err(Error::new(format!("function {funcidx} is none of the module's own"), 0));
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
        let mut found = HashMap::new();
        let mut find =
            |stand: Stand, at: u64, validator: &FuncValidator<_>, unset: &Unset, callee: Option<(TypeIdx, usize)>| {
                let key = (stand, u32::try_from(at).expect("modules are shorter"));
                if let Some(counts) = wanted.get(&key)
                    && let Some(types) = types(module, &self.ids, validator, unset, callee, *counts)?
                {
                    found.insert(key, types);
                }
                Ok::<(), Error>(())
            };
        let params = module.func_type(funcidx).params().len() as u32;
        let mut unset = Unset::new(&validator, params);
        find(Stand::Entry, reader.original_position(), &validator, &unset, None)?;
        let last = wanted.keys().map(|&(_, offset)| offset).max();
        let mut reader = OperatorsReader::new(reader);
        // How many blocks are open, the outermost of which that cannot be reached is the last.
        let mut unreachable = None;
        while !reader.eof() {
            let (operator, at) = reader.read_with_offset()?;
            if last.is_none_or(|last| at > u64::from(last)) {
                break;
            }
            let is_reached = unreachable.is_none();
            if is_reached {
                find(Stand::Before, at, &validator, &unset, None)?;
                if let Some(callee) = callee(module, &operator) {
                    find(Stand::Call, at, &validator, &unset, Some(callee))?;
                }
            }
            unset.step(&operator, validator.control_stack_height());
            validator.op(at, &operator)?;
            if is_reached && matches!(operator, Operator::Loop { .. }) {
                find(Stand::Loop, at, &validator, &unset, None)?;
            }
            let height = validator.control_stack_height();
            if unreachable.is_none_or(|outermost| height <= outermost) {
                let innermost = validator.get_control_frame(0);
                unreachable = innermost.is_some_and(|block| block.unreachable).then_some(height);
            }
        }
        Ok(found)
    }
}

/// Which locals that cannot be null are not set yet (spec 3.4.12): the validator knows, and does not say it.
struct Unset {
    locals: BTreeSet<u32>,
    /// Those that were, and in how many open blocks: behind the innermost they are not set again.
    set: Vec<(u32, u32)>,
}

impl Unset {
    /// At the beginning of a function of so many parameters.
    fn new(validator: &FuncValidator<ValidatorResources>, params: u32) -> Self {
        let declared = params..validator.len_locals();
        let is_unset = |&local: &u32| validator.get_local_type(local).is_some_and(|ty| !ty.is_defaultable());
        Self { locals: declared.filter(is_unset).collect(), set: Vec::new() }
    }

    /// An operator comes, within so many open blocks.
    fn step(&mut self, operator: &Operator<'_>, open: u32) {
        match *operator {
            Operator::LocalSet { local_index } | Operator::LocalTee { local_index }
                if self.locals.remove(&local_index) =>
            {
                self.set.push((local_index, open));
            }
            // Of the innermost block, or of its part that came last, this is the end.
            Operator::Else
            | Operator::End
            | Operator::Catch { .. }
            | Operator::CatchAll
            | Operator::Delegate { .. } => {
                while let Some((local, _)) = self.set.pop_if(|(_, within)| *within >= open) {
                    self.locals.insert(local);
                }
            }
            _ => {}
        }
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

/// The types there, where this is waited for, that takes so many operands; `None` if there are not as many as are wanted.
fn types(
    module: &Module,
    ids: &HashMap<CoreTypeId, u32>,
    validator: &FuncValidator<ValidatorResources>,
    unset: &Unset,
    callee: Option<(TypeIdx, usize)>,
    counts: Option<Counts>,
) -> Result<Option<FrameTypes>, Error> {
    let (callee, taken) = callee.unzip();
    let (taken, height) = (taken.unwrap_or(0), validator.operand_stack_height() as usize);
    // Where handlers of the older instructions are open, the outermost first.
    let open =
        (0..validator.control_stack_height() as usize).rev().filter_map(|depth| validator.get_control_frame(depth));
    let is_handler = |kind| matches!(kind, FrameKind::LegacyCatch | FrameKind::LegacyCatchAll);
    let handlers: Vec<usize> = open.filter(|block| is_handler(block.kind)).map(|block| block.height).collect();
    let found = Counts { locals: validator.len_locals() as usize, operands: height - taken + handlers.len() };
    if counts.is_some_and(|counts| counts != found) {
        return Ok(None);
    }
    let known = |ty: Option<Option<wasmparser::ValType>>| match ty {
        Some(Some(ty)) => Ok(val_type_by(module, ids, ty)?.rename(|id| module.type_name(id))),
        Some(None) | None => Err(Error::new("a value of no known type", 0)),
    };
    let locals = (0..validator.len_locals()).map(|index| known(validator.get_local_type(index).map(Some)));
    let stack = (taken..height).rev().map(|depth| known(validator.get_operand_type(depth)));
    let (locals, mut operands): (Vec<_>, Vec<_>) =
        (locals.collect::<Result<_, _>>()?, stack.collect::<Result<_, _>>()?);
    for &height in handlers.iter().rev() {
        operands.insert(height, ValType::Ref(RefType::new(false, HeapType::Exn)));
    }
    let uninitialized = unset.locals.iter().copied().collect();
    Ok(Some(FrameTypes { locals, uninitialized, operands, callee }))
}
