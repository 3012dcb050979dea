//! Random programs of exceptions beside an evaluator that knows nothing of code: it walks over the program's tree, as the specification
//! does.
//!
//! - `program`: what programs are, and random ones;
//! - `text`: programs in the text format;
//! - `evaluate`: what they do.

mod evaluate;
mod program;
mod text;

use crate::{engines, store};
use evaluate::{Evaluator, Leave};
use pirn::*;
use program::FUNCS;

#[test]
fn random_programs_do_what_an_evaluator_says() {
    let engines = engines();
    let (mut compared, mut threw) = (0, 0);
    for seed in 1..=if cfg!(debug_assertions) { 60 } else { 600 } {
        let funcs = program::random(seed);
        let text = text::module(&funcs);
        let binary = wat::parse_str(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
        for engine in &engines {
            let module = Module::new(engine, &binary).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
            let mut store = store(engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let mut evaluator = Evaluator { funcs: &funcs, global: 0, memory: [0; 16], steps: 0 };
            for (func, a, b) in (0..FUNCS).flat_map(|func| [(func, 0, 1), (func, 7, -3)]) {
                evaluator.steps = 0;
                let expected = evaluator.call(func, a, b);
                if let Err(Leave::TooLong) = expected {
                    break;
                }
                let call = instance.get_func(&store, &format!("f{func}")).unwrap();
                let found = call.invoke::<(i32, i32), i32>(&mut store, (a, b));
                let what = || format!("seed {seed}, f{func}({a}, {b}), {:?}\n{text}", engine.config());
                match expected {
                    Ok(value) => {
                        assert_eq!(found.unwrap_or_else(|error| panic!("{error:?}: {}", what())), value, "{}", what())
                    }
                    Err(Leave::Thrown(thrown)) => {
                        let error = found.expect_err(&what());
                        assert!(error.is::<ThrownException>(), "{error:?}: {}", what());
                        let exception = store.take_pending_exception().unwrap();
                        let tag = instance.get_tag(&store, &format!("t{}", thrown.tag)).unwrap();
                        assert_eq!(exception.tag(&store).unwrap(), tag, "{}", what());
                        let values: Vec<_> = exception.fields(&store).unwrap().collect();
                        let expected = thrown.values.map(Val::I32);
                        assert_eq!(values, expected[..[1, 2, 0][thrown.tag]], "{}", what());
                        threw += 1;
                    }
                    Err(Leave::Br(_) | Leave::Return(_) | Leave::TooLong) => unreachable!("it leaves no function"),
                }
                let global = instance.get_global(&store, "g").unwrap().get(&store);
                assert_eq!(global, Val::I32(evaluator.global), "{}", what());
                compared += 1;
            }
        }
    }
    assert!(compared > 1_000 && threw > compared / 10 && threw < compared * 9 / 10, "{threw} of {compared} threw");
}
