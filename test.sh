#!/usr/bin/env bash
# Everything a change has to pass on this machine. 35 minutes to an hour on two cores from nothing; seconds for what has not changed.
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
# These have build directories of their own, but for the last, so they run beside the steps that follow, which leave a processor idle now and
# then. What they print comes at the end.
others() {
    # Optimised builds with assertions dispatch by jumps, too: every round of the torture test, and every handler's code. The first of them is
    # made believe that the processor has nothing but the baseline, and all of its code is compiled at level 3.
    step cargo test --profile checked -p pirn --features baseline --test torture --test probe --test api --test hooks --test deadlines
    step cargo test --profile checked -p pirn --features baseline --test spec -- simd vectors
    # Without LTO. There the rounds of all operators take minutes: they are run above, and the code of all handlers is read below.
    step cargo test --profile dev-optimised -p pirn --test torture --test probe -- --skip operators::
    for profile in checked dev-optimised; do step tools/jumps.sh "$target/$profile"/deps/probe-*; done
    # A build in which handlers call each other, which is an error and no crash. No other step builds pirn-exec in debug with these
    # features, so none has to build it anew because of the variable.
    PIRN_TAIL_UNPROVEN=1 step cargo test -p pirn --no-default-features --features wat,baseline --test probe
}
printed=$(mktemp)
# With a process group of its own, all of which ends with this.
set -m
others >"$printed" 2>&1 </dev/null &
others=$!
set +m
trap 'kill -- -$others 2>/dev/null || true; printf "\nA step above failed. What was built beside until then:\n"; cat "$printed"; rm -f "$printed"' EXIT
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
# Optimised as `release` is (Cargo.toml, `tested`).
step cargo test --profile tested
# Programs nobody has run yet, on pirn and on another engine: the clock chooses the seeds, and what fails is printed with the command that
# repeats it. Each driver is built with what tests need as well, so that pirn-exec is built once for both.
driver=$target/tested/pirn-oracle
# Not the torture test: the portable loop uses no native stack to speak of, and takes minutes for it.
# Here, too, the processor has nothing but the baseline; and this build has shapes of its own.
portable=(--profile tested -p pirn -p pirn-exec)
features=pirn/portable,pirn/baseline,pirn/anyhow,pirn-exec/inspect
tests=()
for test in spec regressions api resume backtrace deadlines asynchronous snapshot own; do tests+=(--test $test); done
export PIRN_SHAPES="$PWD/exec/tests/shapes.txt"
step cargo test "${portable[@]}" --features $features "${tests[@]}"
# The driver's packages turn on features of others, which the tests then had to be built with, too.
step cargo build "${portable[@]}" -p pirn-oracle --features $features,pirn-oracle/portable --bin pirn-oracle
unset PIRN_SHAPES
step "$driver" --fresh 1000 --seconds 60
# Counts instructions where valgrind is installed, and passes with a message where not. The one test that times is left
# out: what else the machine does may fail it. Workers of durable workflows are killed while they work: with PostgreSQL
# where it is installed, and with SQLite. The oracle has no tests, but its features are those of pirn-exec above.
rest=(--profile tested -p pirn-suite -p pirn-counts -p pirn-linking -p pirn-durable -p pirn-oracle)
step cargo test "${rest[@]}" -- --skip link_time_is_linear
step cargo build "${rest[@]}" --tests --bins
step "$driver" --fresh 1000 --seconds 60
# Programs that wasmi does not know, in each way of running them.
step "$driver" --oracle pirn --kind object --fresh 600 --seconds 20
step "$driver" --oracle pirn --kind smith-object --fresh 600 --seconds 20
# As compilers write programs that do not optimise. The checker refuses one of thousands that is right.
step "$driver" --kind naive --check no --fresh 400 --seconds 20
# Code of fresh programs is checked without being run, in every way of lowering.
step "$driver" --check only --seeds 0..1000
for example in add add_one add_two modules pause million plugins game from_wasmtime from_wasmi; do
    step cargo run --profile tested --quiet --example "$example"
done
step cargo run --profile tested --quiet --example precompile benches/workloads/judge/lua54.wasm
status=0
wait $others || status=$?
trap 'rm -f "$printed"' EXIT
cat "$printed"
if [ $status -ne 0 ]; then
    printf '\nOf what was built beside, the last step above failed.\n'
    exit $status
fi
printf '\nAll passed.\n'
