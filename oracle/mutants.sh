#!/usr/bin/env bash
# Does the driver find wrong handlers? Tries mutants FIRST..LAST (exec/src/probes/mutants.rs), each with up to 1,400 modules of the
# generated kinds (6,100 on vectors), and lists those that were not found. MUTANTS=c tries those with a wrong constant,
# MUTANTS=v those on vectors, MUTANTS=a those of atomic instructions, against wasmtime.
#
#   [MUTANTS=c|v|a] oracle/mutants.sh [FIRST [LAST [SEED]]]
set -euo pipefail
cd "$(dirname "$0")/.."

first=${1:-1} last=${2:-30} seed=${3:-0}
# 1,400 modules in all, most of them of the kind that has every shape in some six hundred.
runs="shape:1300 loop:50 circle:50" oracle=wasmi features=mutants
if [ "${MUTANTS:-}" = v ]; then
    # A wrong lane is seen where two vectors differ in one or two.
    runs="shape:6000 loop:50 circle:50"
elif [ "${MUTANTS:-}" = a ]; then
    runs=atomic:1400 oracle=wasmtime features=mutants,wasmtime
fi
cargo build --release --package pirn-oracle --features $features
driver=${CARGO_TARGET_DIR:-target}/release/pirn-oracle
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
. oracle/answer.sh
found=0
for mutant in $(seq -f "${MUTANTS:-}%g" "$first" "$last"); do
    caught=
    for run in $runs; do
        kind=${run%:*}
        if ! PIRN_MUTANT=$mutant answer "$driver" --seeds "$seed..$((seed + ${run#*:}))" --kind "$kind" --oracle $oracle \
            --jobs "${JOBS:-2}" --max-failures 1 --no-shrink yes --out "$out"; then
            caught=$kind
            break
        fi
    done
    what=$(sed -n '/^mutant: /{s///p;q}' "$out/log")
    if [ -n "$caught" ]; then
        found=$((found + 1))
        echo "mutant $mutant: found by $caught"
    else
        echo "mutant $mutant: NOT FOUND: $what"
    fi
done
echo "$found of $((last - first + 1)) found"
