#!/usr/bin/env bash
# Does the driver find mistakes in lowering? Tries mutants FIRST..LAST (decode/src/lower/mutants.rs), each with up to 1,000
# modules of every generated kind, and lists what found each.
#
#   oracle/lowering-mutants.sh [FIRST [LAST [SEED]]]
set -euo pipefail
cd "$(dirname "$0")/.."

first=${1:-1} last=${2:-24} seed=${3:-0}
cargo build --release --package pirn-oracle --features mutants
driver=${CARGO_TARGET_DIR:-target}/release/pirn-oracle
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
found=0
for mutant in $(seq "$first" "$last"); do
    caught=
    for kind in expr loop shape smith circle group; do
        if ! PIRN_LOWERING_MUTANT=$mutant "$driver" --seeds "$seed..$((seed + 1000))" --kind $kind --jobs "${JOBS:-2}" \
            --max-failures 1 --no-shrink yes --out "$out" >"$out/log" 2>&1; then
            caught=$kind
            break
        fi
    done
    what=$(sed -n 's/^mutant: //p' "$out/log" | head -1)
    if [ -n "$caught" ]; then
        found=$((found + 1))
        echo "mutant $mutant ($what): found by $caught"
    else
        echo "mutant $mutant ($what): NOT FOUND"
    fi
done
echo "$found of $((last - first + 1)) found"
