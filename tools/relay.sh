#!/usr/bin/env bash
# Hands generated programs with their paused calls from x86-64 to aarch64 (under qemu) and back, as files, until they end:
# `tests/resume/relay.rs` says what is compared. Needs what .ci/aarch64 installs.
#
#     tools/relay.sh [SEEDS [LEGS]]
#
# SEEDS are like 0..300. The last leg goes on to the end.
set -euo pipefail
cd "$(dirname "$0")/.."

seeds=${1:-0..300}
legs=${2:-6}
target=aarch64-unknown-linux-gnu
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
export PIRN_RELAY=$folder PIRN_SEEDS=$seeds

test=(--release -p pirn --test resume handed_from_process_to_process)
for ((leg = 1; leg <= legs; leg++)); do
    if ((leg == legs)); then
        export PIRN_RELAY_LAST=1
    fi
    if ((leg % 2)); then
        cargo test "${test[@]}" -- --nocapture
    else
        cargo test --target-dir target/emulated --target "$target" "${test[@]}" -- --nocapture
    fi
done
