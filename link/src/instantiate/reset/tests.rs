//! That who is asked while an instance is put back does no harm.

use super::*;
use crate::instance::Instance;
use crate::items::value::Val;
use crate::store::{AsContextMut, Store, StoreContextMut};

/// A store whose deadline passes while segments are copied, and whose callback resets the instance and collects.
struct Interfering<'a> {
    store: StoreContextMut<'a, ()>,
    handle: Handle<InstanceData>,
    asked: usize,
}

impl Borrowed for Interfering<'_> {
    fn opaque(&mut self) -> &mut StoreOpaque {
        self.store.opaque_mut()
    }

    fn collect_if_short(&mut self, _: u64) {}

    fn is_late(&mut self) -> bool {
        false
    }

    fn renew_deadline(&mut self) {}

    fn check_deadline(&mut self) -> Result<()> {
        self.asked += 1;
        let error = Instance::from(self.handle).reset(&mut self.store).unwrap_err().to_string();
        assert!(error.contains("being made or reset"), "{error}");
        self.store.gc();
        Ok(())
    }
}

#[test]
fn who_is_asked_meanwhile_does_no_harm() {
    const COUNT: usize = 140_000;
    let items = "(struct.new 0 (i32.const 7))".repeat(COUNT);
    let text = format!(
        r#"(module (type (struct (field i32))) (table {COUNT} (ref null 0)) (elem (i32.const 0) (ref null 0) {items})
            (func (export "sum") (result i32) (local i32 i32)
                (loop $l
                    (drop (struct.new 0 (i32.const 9)))
                    (local.set 1 (i32.add (local.get 1) (struct.get 0 0 (table.get (local.get 0)))))
                    (br_if $l (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (table.size))))
                (local.get 1)))"#
    );
    let mut store = Store::<()>::default();
    let module = Module::new(store.engine(), text).unwrap();
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let handle = instance.handle();
    let mut interfering = Interfering { store: store.as_context_mut(), handle, asked: 0 };
    assert!(reset(&mut interfering, handle).unwrap().is_none());
    assert!(interfering.asked > 1, "it is asked while there are expressions, and while they are copied");
    let mut sum = [Val::I32(0)];
    instance.get_func(&store, "sum").unwrap().call(&mut store, &[], &mut sum).unwrap();
    assert_eq!(sum[0].i32(), Some(7 * COUNT as i32));
    instance.reset(&mut store).unwrap();
}
