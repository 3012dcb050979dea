//! A plugin host that reloads a plugin when its file changes, while the program goes on. A plugin that does not load leaves the
//! old one in place; one that hangs or fails is switched off, and harms nobody.
//!
//!     cargo run --example plugins

use pirn::{Config, Engine, Instance, Linker, Module, Result, Store};
use std::fs;
use std::path::Path;

/// A plugin: the bytes it was made of, and what runs unless it was switched off. Dropping its store frees all that it had.
#[derive(Default)]
struct Plugin {
    bytes: Vec<u8>,
    running: Option<(Store<()>, Instance)>,
}

impl Plugin {
    /// Loads the file if it has changed. The new version gets (`load`) what the old one wants to keep (`save`).
    fn reload(&mut self, linker: &Linker<()>, file: &Path) -> Result<()> {
        let bytes = fs::read(file)?;
        if bytes == self.bytes {
            return Ok(());
        }
        self.bytes = bytes;
        let module = Module::new(linker.engine(), &self.bytes)?;
        let mut store = Store::new(linker.engine(), ());
        store.set_fuel(1_000_000)?;
        let instance = linker.instantiate(&mut store, &module)?;
        if let Some((old, before)) = &mut self.running {
            let kept = before.get_typed_func::<(), i64>(&*old, "save")?.call(old, ())?;
            instance.get_typed_func::<i64, ()>(&store, "load")?.call(&mut store, kept)?;
        }
        self.running = Some((store, instance));
        Ok(())
    }

    /// Has the plugin change a price, for a bounded time.
    fn price(&mut self, price: i64) -> Result<i64> {
        let Some((store, instance)) = &mut self.running else { return Ok(price) };
        store.set_fuel(100_000)?;
        instance.get_typed_func::<i64, i64>(&*store, "price")?.call(store, price)
    }
}

/// What every version of the plugin has: it counts its calls, and keeps the count.
const KEPT: &str = r#"(global $calls (mut i64) (i64.const 0))
    (func (export "save") (result i64) (global.get $calls))
    (func (export "load") (param i64) (global.set $calls (local.get 0)))
    (func $count (global.set $calls (i64.add (global.get $calls) (i64.const 1))))"#;

fn main() -> Result<()> {
    let engine = Engine::new(Config::untrusted().max_text_size(1 << 16))?;
    let linker = Linker::new(&engine);
    let file = std::env::temp_dir().join(format!("pirn-plugin-{}.wat", std::process::id()));
    let (mut plugin, mut prices) = (Plugin::default(), Vec::new());
    // Somebody edits the file while the host runs: half price, a mistake, one less for each call so far, a loop without end.
    let half = "(i64.div_s (local.get $price) (i64.const 2))";
    let less = "(i64.sub (local.get $price) (global.get $calls))";
    for body in [half, "(i64.div_s oops", less, "(loop (br 0)) (i64.const 0)"] {
        let func = format!(r#"(func (export "price") (param $price i64) (result i64) (call $count) {body})"#);
        fs::write(&file, format!("(module {KEPT} {func})"))?;
        for _ in 0..2 {
            if let Err(error) = plugin.reload(&linker, &file) {
                println!("not loaded, the old one stays: {}", error.to_string().lines().next().unwrap_or_default());
            }
            prices.push(plugin.price(200).unwrap_or_else(|error| {
                println!("switched off: {error}");
                plugin.running = None;
                200
            }));
            println!("a price of 200 becomes {}", prices[prices.len() - 1]);
        }
    }
    fs::remove_file(&file)?;
    assert_eq!(prices, [100, 100, 100, 100, 195, 194, 200, 200]);
    Ok(())
}
