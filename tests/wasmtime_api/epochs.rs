//! A clock thread, and a guest that gets more time each time its deadline passes, until it has had enough.

use pirn::*;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn main() -> Result<()> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Arc::new(Engine::new(&config)?);
    let module = Module::new(&engine, r#"(module (func (export "run") (loop (br 0))))"#)?;
    let mut store = Store::new(&engine, 0);
    let weak = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| {
        *context.data_mut() += 1;
        if *context.data() == 5 {
            bail!("enough");
        }
        Ok(UpdateDeadline::Continue(1))
    });
    let instance = Instance::new(&mut store, &module, &[])?;
    let run = instance.get_typed_func::<(), ()>(&mut store, "run")?;
    let error = run.call(&mut store, ()).unwrap_err();
    assert_eq!(error.root_cause().to_string(), "enough");
    assert_eq!(*store.data(), 5);
    store.epoch_deadline_trap();
    store.set_epoch_deadline(1);
    assert_eq!(run.call(&mut store, ()).unwrap_err().downcast::<Trap>()?, Trap::Interrupt);
    Ok(())
}
