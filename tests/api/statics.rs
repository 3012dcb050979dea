//! What holds without running anything.

use pirn::*;

fn send_and_sync<T: Send + Sync>() {}
fn send<T: Send>() {}
fn copy<T: Copy + Send + Sync>() {}
fn unpin<T: Unpin>() {}
fn error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn threads() {
    send_and_sync::<Config>();
    send_and_sync::<Engine>();
    send_and_sync::<Module>();
    send_and_sync::<Linker<()>>();
    send_and_sync::<InstancePre<()>>();
    send_and_sync::<Store<()>>();
    send_and_sync::<StoreLimits>();
    // Of data that is not `Sync`, the store is not either.
    send::<Store<std::cell::Cell<u32>>>();
    // A linker holds no data, whatever its type.
    send_and_sync::<Linker<std::rc::Rc<u32>>>();
}

#[test]
fn stores_and_paused_calls_are_unpin() {
    unpin::<Store<()>>();
    unpin::<Paused<()>>();
    unpin::<Resumable<()>>();
    unpin::<ResumeError<()>>();
    unpin::<Restored>();
    unpin::<Snapshot>();
}

#[test]
fn handles() {
    copy::<Func>();
    copy::<Memory>();
    copy::<Table>();
    copy::<Global>();
    copy::<Instance>();
    send_and_sync::<Extern>();
    copy::<Rooted<ExternRef>>();
    copy::<Val>();
    copy::<Ref>();
    copy::<TypedFunc<(i32, i64), f64>>();
}

#[test]
fn errors() {
    error::<Error>();
    error::<Trap>();
    error::<MemoryAccessError>();
    error::<ModuleError>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Func>>(), size_of::<Func>());
}

#[test]
fn traps_are_errors_and_come_back() {
    let error = Error::from(Trap::IntegerOverflow);
    assert!(error.is::<Trap>());
    assert_eq!(error.to_string(), "integer overflow");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::IntegerOverflow));
    assert_eq!(error.trap(), Some(Trap::IntegerOverflow));
    let error = error.downcast::<std::fmt::Error>().unwrap_err();
    assert_eq!(error.downcast::<Trap>().unwrap(), Trap::IntegerOverflow);
}

#[test]
fn causes_are_shown() {
    #[derive(Debug)]
    struct Outer(std::fmt::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("outer")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let error = Error::new(Outer(std::fmt::Error));
    assert_eq!(error.to_string(), "outer");
    assert!(format!("{error:?}").starts_with("outer\ncaused by: "));
    assert_eq!(Error::msg("text").to_string(), "text");
}

#[test]
fn values() {
    assert_eq!(Val::from(-1i32), Val::I32(-1));
    assert_eq!(Val::from(u32::MAX), Val::I32(-1));
    assert_eq!(Val::from(1.5f32).f32(), Some(1.5));
    assert_eq!(Val::from(1.5f64).f64(), Some(1.5));
    assert_eq!(Val::I64(3).i64(), Some(3));
    assert_eq!(Val::I64(3).i32(), None);
    for ty in [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::FUNCREF, ValType::EXTERNREF] {
        assert_eq!(Val::default_for(ty).ty(), ty);
    }
    assert_eq!(Val::default_for(ValType::FUNCREF), Val::FuncRef(None));
    assert!(Ref::null(RefType::EXTERNREF).is_null());
    assert_eq!(Ref::null(RefType::FUNCREF).ty(), RefType::FUNCREF);
}
