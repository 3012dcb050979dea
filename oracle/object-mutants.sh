#!/usr/bin/env bash
# Do tests find mistakes in what collects, casts and catches? Tries mutants FIRST..LAST (decode/src/planted.rs): first the driver, with up to
# 300 programs of each kind that makes objects, against wasmtime; then, if it finds nothing, the tests about objects. Lists what found each.
#
#   oracle/object-mutants.sh [FIRST [LAST [SEED]]]
set -euo pipefail
cd "$(dirname "$0")/.."

first=${1:-1} last=${2:-48} seed=${3:-0}
cargo build --release --package pirn-oracle --features pirn-decode/mutants,wasmtime
driver=${CARGO_TARGET_DIR:-target}/release/pirn-oracle
# The tests that meet the heap, exceptions and casts, in this order.
tests="marking kept gc rooting exceptions fork spec regressions snapshot"
cargo test --release --no-run --package pirn --package pirn-decode --features pirn-decode/mutants $(printf -- '--test %s ' $tests)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
. oracle/answer.sh
found=0
for mutant in $(seq "$first" "$last"); do
    export PIRN_OBJECT_MUTANT=$mutant
    by=
    for kind in object smith-object; do
        if ! answer "$driver" --check no --seeds "$seed..$((seed + 300))" --kind $kind --oracle wasmtime \
            --jobs "${JOBS:-2}" --max-failures 1 --no-shrink yes --out "$out"; then
            by="the driver, $kind"
            break
        fi
    done
    what=$(sed -n '/^mutant: /{s///p;q}' "$out/log")
    for test in $tests; do
        [ -z "$by" ] || break
        if ! timeout 600 cargo test --release --package pirn --package pirn-decode --features pirn-decode/mutants --test $test >"$out/log" 2>&1; then
            by="tests/$test"
        fi
    done
    [ -z "$by" ] || found=$((found + 1))
    echo "mutant $mutant ($what): ${by:-NOT FOUND}"
done
echo "$found of $((last - first + 1)) found"
