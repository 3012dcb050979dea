//! A program on wasmi, in two versions: the oracle, and an arbiter that tells the oracle's own bugs from pirn's. The two
//! share an API but not a translator.

/// wasmi 2: the oracle.
pub mod v2 {
    use wasmi::{ExternRef, Nullable, Ref, RefType};

    fn null_value(func: bool) -> Val {
        if func { Val::FuncRef(Nullable::<Func>::Null) } else { Val::ExternRef(Nullable::<ExternRef>::Null) }
    }

    fn default_value(ty: ValType) -> Val {
        Val::default_for_ty(ty)
    }

    fn is_func(ty: RefType) -> bool {
        matches!(ty, RefType::Func)
    }

    fn null_element(func: bool) -> Ref {
        if func { Ref::Func(Nullable::Null) } else { Ref::Extern(Nullable::Null) }
    }

    fn is_null(element: &Ref) -> bool {
        match element {
            Ref::Func(func) => func.is_null(),
            Ref::Extern(value) => value.is_null(),
        }
    }

    include!("body.rs");
}

/// wasmi 1: the arbiter.
pub mod v1 {
    use wasmi1 as wasmi;
    use wasmi1::{ExternRef, Ref};

    fn null_value(func: bool) -> Val {
        if func { Val::FuncRef(Ref::<Func>::Null) } else { Val::ExternRef(Ref::<ExternRef>::Null) }
    }

    fn default_value(ty: ValType) -> Val {
        Val::default(ty)
    }

    fn is_func(ty: ValType) -> bool {
        matches!(ty, ValType::FuncRef)
    }

    fn null_element(func: bool) -> Val {
        null_value(func)
    }

    fn is_null(element: &Val) -> bool {
        match element {
            Val::FuncRef(func) => func.is_null(),
            Val::ExternRef(value) => value.is_null(),
            _ => false,
        }
    }

    include!("body.rs");
}
