//! Shapes that whoever builds this asks for with `PIRN_SHAPES` (CONTRIBUTING.md, "Shapes of your own").

use pirn_decode::Target;
use pirn_exec::{exercise, own, target};

/// What the build was told. `test.sh` says `exec/tests/shapes.txt` in one of its builds.
const FILE: Option<&str> = option_env!("PIRN_SHAPES");

#[test]
fn what_was_asked_for_has_handlers_that_run() {
    let Some(file) = FILE.filter(|file| !file.is_empty()) else {
        assert!(own().is_empty(), "nobody asked");
        return;
    };
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap().trim()).filter(|line| !line.is_empty());
    let own = own();
    assert_eq!(own.len(), lines.count());
    for sig in own {
        assert!(target().tile(sig).is_some(), "{sig:#x}");
        exercise::exercise(sig, 1_000).unwrap_or_else(|trap| panic!("{sig:#x}: {trap}"));
    }
}
