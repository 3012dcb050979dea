//! Prints what keeping modules apart costs:
//!
//! ```text
//! cargo run --profile bench -p pirn-linking            # everything
//! cargo run --profile bench -p pirn-linking -- hops    # time of a hop, and of the models; also: counts, memory, time
//! ```
//!
//! `counts` needs valgrind.

use anyhow::{Context, Result, bail, ensure};
use pirn_linking::ring::{ALL, Hop, Link, Ring};
use pirn_linking::{FUEL, JINX_MODULE_SIZE, MODULES, counts, fastest, heap, instances, link_time, models};

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => {
            hops()?;
            memory()?;
            time()?;
            counts()
        }
        ["hops"] => hops(),
        ["memory"] => memory(),
        ["time"] => time(),
        ["counts"] => counts(),
        // What runs under valgrind.
        ["run", link, hop, fuel] => {
            let found = ALL.into_iter().find(|(l, h)| l.name() == link && h.name() == hop);
            let (link, hop) = found.context("no such ring")?;
            counts::perform(link, hop, fuel.parse()?)
        }
        _ => bail!("hops, memory, time or counts?"),
    }
}

/// Runs of each ring, taken in turns.
const RUNS: usize = 15;
/// A run is timed in so many slices, the best of which counts: short enough to go undisturbed on a busy machine.
const SLICES: u32 = 50;
const SLICE: u32 = FUEL / SLICES;

fn per_hop(time: std::time::Duration) -> f64 {
    time.as_nanos() as f64 / f64::from(SLICE)
}

fn hops() -> Result<()> {
    println!("{MODULES} modules and one of {JINX_MODULE_SIZE} functions, {FUEL} hops: the best of {RUNS} runs\n");
    println!("{:<54}{:>10}{:>12}", "models: follow an index, execute nothing", "ns a hop", "bytes");
    for model in models::all() {
        ensure!(model.run(FUEL) == models::end(), "{} goes astray", model.name);
        let time = fastest(RUNS * SLICES as usize, || {
            std::hint::black_box(model.run(SLICE));
        });
        let title = format!("{}: {}", model.name, model.about);
        println!("{title:<54}{:>10.2}{:>12}", per_hop(time), model.bytes);
    }
    println!("\n{:<54}{:>10}{:>12}", "WebAssembly", "ns a hop", "bytes");
    let rings = ALL.map(|(link, hop)| Ring::new(link, hop).map(|ring| (link, hop, ring)));
    let mut rings = rings.into_iter().collect::<Result<Vec<_>>>()?;
    let mut times = vec![f64::INFINITY; rings.len()];
    for _ in 0..RUNS {
        // Neighbours in time are compared.
        for ((_, _, ring), best) in rings.iter_mut().zip(&mut times) {
            let mut result = Ok(());
            let time = fastest(SLICES as usize, || {
                let run = ring.run(SLICE);
                if result.is_ok() {
                    result = run;
                }
            });
            result?;
            *best = best.min(per_hop(time));
        }
    }
    for ((link, hop, ring), time) in rings.iter().zip(&times) {
        println!("{:<54}{time:>10.2}{:>12}", format!("{}, {}", hop.name(), link.name()), ring.bytes);
    }
    let time = |link, hop| times[ALL.iter().position(|&case| case == (link, hop)).expect("listed")];
    println!();
    for hop in [Hop::Tail, Hop::Call] {
        let direct = time(Link::Separate, hop) / time(Link::Merged, hop);
        let indirect = time(Link::Indirect, hop) / time(Link::MergedIndirect, hop);
        println!("{}: separate / merged {direct:.3}, through tables {indirect:.3}", hop.name());
    }
    println!();
    Ok(())
}

fn memory() -> Result<()> {
    println!(
        "{:<42}{:>10}{:>12}{:>14}",
        "one more instance of a decoded module", "bytes", "all called", "bytes a func"
    );
    let none = instances::footprint(1)?;
    for funcs in [1, 100, 1_000, 10_000] {
        let found = instances::footprint(funcs)?;
        let each = if funcs == 1 { 0.0 } else { (found.called - none.called) as f64 / (funcs - 1) as f64 };
        println!("{:<42}{:>10}{:>12}{each:>14.2}", format!("{funcs} functions"), found.bytes, found.called);
    }
    println!();
    Ok(())
}

fn time() -> Result<()> {
    let title = format!("linking modules of {} imports each", link_time::IMPORTS);
    println!("{title:<42}{:>10}{:>12}{:>14}", "ms", "hashing", "times that");
    let mut last = None;
    for count in [1_000, 2_000] {
        let found = link_time::link_time(count)?;
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        let ratio = ms(found.link) / ms(found.hash);
        println!("{count:<42}{:>10.2}{:>12.2}{ratio:>14.2}", ms(found.link), ms(found.hash));
        if let Some(last) = last.replace(found.link) {
            println!("twice the modules take {:.2} times as long", ms(found.link) / ms(last));
        }
    }
    println!();
    Ok(())
}

fn counts() -> Result<()> {
    if !counts::valgrind() {
        println!("instructions are not counted: valgrind is missing");
        return Ok(());
    }
    let binary = std::env::current_exe()?;
    println!("{:<54}{:>10}", "instructions", "a hop");
    for (link, hop) in ALL {
        let count = counts::per_hop(&binary, link, hop)?;
        println!("{:<54}{count:>10.2}", format!("{}, {}", hop.name(), link.name()));
    }
    Ok(())
}
