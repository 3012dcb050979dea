//! Scripts that once failed, each named after what it shows: `tests/regressions/*.wast`, in every way of lowering.

use pirn::{CompilationMode, Config};
use pirn_wast::Options;

#[test]
fn regressions() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/regressions");
    let mut scripts: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "wast"));
    scripts.sort();
    assert!(!scripts.is_empty(), "no scripts in {folder}");
    let mut failed = 0;
    for path in scripts {
        let text = std::fs::read_to_string(&path).unwrap();
        for (fuse, mode) in
            [(true, CompilationMode::Lazy), (false, CompilationMode::Lazy), (true, CompilationMode::Eager)]
        {
            let mut config = Config::new();
            config.fuse(fuse).compilation_mode(mode);
            let report = pirn_wast::run(&path.display().to_string(), &text, &Options { config, ..Options::default() });
            if !report.is_success() {
                println!("fuse: {fuse}, {mode:?}: {report}");
                failed += 1;
            }
        }
    }
    assert_eq!(failed, 0, "see above");
}
