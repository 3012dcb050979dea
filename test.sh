#!/usr/bin/env bash
# Everything a change has to pass on this machine. Some 40 minutes on two cores from nothing; seconds for what has not changed.
set -euo pipefail
cd "$(dirname "$0")"

# How long each step takes, and of processors, which says more where the machine does other work as well.
TIMEFORMAT='==> %0R s, of processors %0U and %0S s'
step() {
    printf '\n==> %s\n' "$*"
    time "$@"
    printf '==> %d s in all\n' $SECONDS
}

target=${CARGO_TARGET_DIR:-target}
step cargo fmt --all --check
# All members, but for benches/peers, which builds wasmtime.
all=(--workspace --exclude pirn-peers)
# Without optimisation the portable loop is compiled, with it tail dispatch: each is linted.
step cargo clippy --all-targets "${all[@]}" -- -D warnings
step cargo clippy --release --lib -p pirn-exec -- -D warnings
step cargo check -p pirn --no-default-features
RUSTDOCFLAGS="-D warnings" step cargo doc --no-deps --document-private-items "${all[@]}"
step cargo test
step cargo test -p pirn-cli --features profile --test profile
# What is published can be packaged, and WASI stays a small thing to depend on.
step cargo package --no-verify --allow-dirty -p pirn-decode -p pirn-exec -p pirn-link -p pirn -p pirn-wasi
at_most_30_crates() {
    local crates
    crates=$(cargo tree -p pirn-wasi -e normal --prefix none | sort -u | wc -l)
    [ "$crates" -le 30 ] || { echo "pirn-wasi depends on $crates crates"; return 1; }
}
step at_most_30_crates
# The adapter to another runtime, and a quarter of a minute of links that race with paths.
PIRN_WASI_RACE_SECONDS=15 step cargo test -p pirn-wasi --no-default-features --features wasmi
# Optimised as `release` is (Cargo.toml, `tested`), members are built once, with all features that any of them asks for: for their tests, and
# for what is run below. `pirn-speed` and `pirn-mine` have no tests. The one test that times is left out: what else the machine does may fail
# it. Workers of durable workflows are killed while they work: with PostgreSQL where it is installed, and with SQLite.
tested=(--profile tested "${all[@]}" --exclude pirn-speed --exclude pirn-mine --exclude pirn-counts)
step cargo build "${tested[@]}" --bins --examples
step cargo test "${tested[@]}" -- --skip link_time_is_linear
built=$target/tested
# Instructions are counted where valgrind is installed; where not, those tests pass with a message. They count what `pirn` has by default;
# together with the oracle, for that has `pirn-exec` as it was built above.
step cargo test --profile tested -p pirn-counts -p pirn-oracle --tests
for example in add add_one add_two modules pause million plugins game from_wasmtime from_wasmi; do
    step "$built/examples/$example"
done
step "$built/examples/precompile" benches/workloads/judge/lua54.wasm
# Programs nobody has run yet, on pirn and on another engine: the clock chooses the seeds, and what fails is printed with the command that
# repeats it. Then programs that wasmi does not know, in each way of running them.
step "$built/pirn-oracle" --fresh 1000 --seconds 60
step "$built/pirn-oracle" --oracle pirn --kind object --fresh 600 --seconds 20
step "$built/pirn-oracle" --oracle pirn --kind smith-object --fresh 600 --seconds 20
# Code of fresh programs is checked without being run, in every way of lowering.
step "$built/pirn-oracle" --check only --seeds 0..1000
# Optimised builds with assertions dispatch by jumps, too: every round of the torture test, and every handler's code. The first of them is
# made believe that the processor has nothing but the baseline, and all of its code is compiled at level 3.
step cargo test --profile checked -p pirn --features baseline --test torture --test probe --test api --test hooks --test deadlines
step cargo test --profile checked -p pirn --features baseline --test spec -- simd vectors
# Without LTO. There the rounds of all operators take minutes: they are run above, and the code of all handlers is read below.
step cargo test --profile dev-optimised -p pirn --test torture --test probe -- --skip operators::
step tools/jumps.sh "$target"/{checked,dev-optimised}/deps/probe-*
# A build in which handlers call each other, which is an error and no crash.
RUSTFLAGS="--cfg pirn_tail_unproven" step cargo test --target-dir "$target/unproven" -p pirn --no-default-features --features wat --test probe
# Not the torture test: the portable loop uses no native stack to speak of, and takes minutes for it.
# Here, too, the processor has nothing but the baseline; and this build has shapes of its own. With fresh programs, as above.
export PIRN_SHAPES="$PWD/exec/tests/shapes.txt"
portable=(--profile tested -p pirn -p pirn-exec -p pirn-oracle --features pirn/portable,pirn/baseline,pirn/anyhow,pirn-exec/inspect)
step cargo build "${portable[@]}" --bins
step cargo test "${portable[@]}" --test spec --test regressions --test api --test resume --test backtrace --test deadlines --test asynchronous --test snapshot --test own
step "$built/pirn-oracle" --fresh 1000 --seconds 60
unset PIRN_SHAPES
printf '\nAll passed.\n'
