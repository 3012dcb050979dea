#!/usr/bin/env bash
# Do the checker and the driver find mistakes in lowering? Tries mutants FIRST..LAST (decode/src/lower/mutants.rs), each with
# up to 1,000 modules of every generated kind: first the checker, which runs nothing, then the driver, which is not to check.
# Lists what found each. The driver compares with wasmi, which does not know exceptions: mutants 49 to 58 are the checker's and the tests'.
#
#   oracle/lowering-mutants.sh [FIRST [LAST [SEED]]]
set -euo pipefail
cd "$(dirname "$0")/.."

first=${1:-1} last=${2:-59} seed=${3:-0}
cargo build --release --package pirn-oracle --features mutants
driver=${CARGO_TARGET_DIR:-target}/release/pirn-oracle
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
. oracle/answer.sh
checked=0 driven=0
for mutant in $(seq "$first" "$last"); do
    by_checker=- by_driver=-
    for kind in expr loop shape smith circle group naive object; do
        if ! PIRN_LOWERING_MUTANT=$mutant answer "$driver" --check only --seeds "$seed..$((seed + 1000))" --kind $kind \
            --jobs 1 --max-failures 1; then
            by_checker=$kind
            checked=$((checked + 1))
            break
        fi
    done
    what=$(sed -n '/^mutant: /{s///p;q}' "$out/log")
    for kind in expr loop shape smith circle group naive; do
        if ! PIRN_LOWERING_MUTANT=$mutant answer "$driver" --check no --seeds "$seed..$((seed + 1000))" --kind $kind \
            --jobs "${JOBS:-2}" --max-failures 1 --no-shrink yes --out "$out"; then
            by_driver=$kind
            driven=$((driven + 1))
            break
        fi
    done
    echo "mutant $mutant ($what): checker $by_checker, driver $by_driver"
done
echo "of $((last - first + 1)), the checker found $checked, the driver $driven"
