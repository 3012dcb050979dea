#!/bin/sh
# Builds the kernels, with wide arithmetic and without. (Rust 1.95 with the target wasm32-unknown-unknown.)
set -eu
cd "$(dirname "$0")"
for kernel in multiply power; do
    build() {
        rustc --edition 2024 --target wasm32-unknown-unknown --crate-type cdylib -Copt-level=3 -Cpanic=abort \
            -Cstrip=symbols "$@" "$kernel.rs"
    }
    build --cfg limbs64 -Ctarget-feature=+wide-arithmetic -o "$kernel.wasm"
    build -o "$kernel-narrow.wasm"
done
