#!/usr/bin/env python3
"""Compares tests/table/*.txt with what wasmtime answers (`pip install wasmtime`).

`tests/table.rs` says what the files look like. Prints each answer that is another than the table says wasmtime gives, and fails
if there is one."""
import os, pathlib, re, subprocess, sys, tempfile
import wasmtime

HERE = pathlib.Path(__file__).parent
NAMES = {
    "none": 0, "set": 0, "realtime": 0, "follow": 1, "creat": 1, "append": 1, "atim": 1, "cur": 1, "monotonic": 1,
    "directory": 2, "dsync": 2, "atim_now": 2, "read": 2, "end": 2, "excl": 4, "nonblock": 4, "mtim": 4, "trunc": 8,
    "rsync": 8, "mtim_now": 8, "sync": 16, "write": 64, "all": (1 << 30) - 1, "out": 4096, "data": 8192,
}
ERRNOS = re.findall(r'^    [A-Z0-9]+ = \d+ "([a-z0-9]+)"', (HERE / "../src/errno.rs").read_text(), re.M)
SIGNATURES = {}
for name, args in re.findall(r"^            ([a-z_]+)\(([^)]*)\);", (HERE / "../src/functions.rs").read_text(), re.M):
    SIGNATURES[name] = ["i32" if "u32" in arg else "i64" for arg in args.split(",") if arg.strip()]


def module():
    imports, funcs = "", ""
    for name, types in SIGNATURES.items():
        params = f"(param {' '.join(types)})" if types else ""
        imports += f'(import "wasi_snapshot_preview1" "{name}" (func ${name} {params} (result i32)))\n'
        gets = " ".join(f"(local.get {i})" for i in range(len(types)))
        funcs += f'(func (export "{name}") {params} (result i32) (call ${name} {gets}))\n'
    return f'(module {imports} (memory (export "memory") 1) {funcs})'


ENGINE = wasmtime.Engine()
MODULE = wasmtime.Module(ENGINE, module())


def text(quoted):
    quoted = quoted[quoted.index('"'):].strip('"')
    return re.sub(rb"\\x(..)", lambda m: bytes([int(m[1], 16)]), quoted.encode())


def words(line):
    return re.findall(r'[^ "]*"[^"]*"|[^ ]+', line)


class Guest:
    def __init__(self, root, writable, directory):
        self.store = wasmtime.Store(ENGINE)
        wasi = wasmtime.WasiConfig()
        wasi.argv = ["program", "an argument"]
        wasi.env = [("NAME", "value")]
        (directory / "stdin").write_text("some input")
        wasi.stdin_file = str(directory / "stdin")
        wasi.stdout_file = str(directory / "stdout")
        wasi.stderr_file = str(directory / "stderr")
        if writable:
            wasi.preopen_dir(str(root), "/d")
        else:
            wasi.preopen_dir(str(root), "/d", False)
        self.store.set_wasi(wasi)
        linker = wasmtime.Linker(ENGINE)
        linker.define_wasi()
        self.exports = linker.instantiate(self.store, MODULE).exports(self.store)
        self.memory = self.exports["memory"]

    def call(self, name, arguments, kept):
        texts, numbers = 1024, []

        def put(data):
            nonlocal texts
            at = texts
            self.memory.write(self.store, data, at)
            texts += len(data)
            return at

        def iovec(at, length):
            self.memory.write(self.store, at.to_bytes(4, "little") + length.to_bytes(4, "little"), 512)
            numbers.extend([512, 1])

        for word in arguments:
            if word.startswith("$"):
                numbers.append(kept[word[1:]])
            elif word.startswith('write"'):
                data = text(word)
                iovec(put(data), len(data))
            elif word.startswith('"'):
                data = text(word)
                numbers.extend([put(data), len(data)])
            elif word.startswith("read:"):
                iovec(8192, int(word[5:]))
            elif re.fullmatch(r"-?\d+", word):
                numbers.append(int(word))
            else:
                total = 0
                for flag in word.split("|"):
                    total |= NAMES[flag]
                numbers.append(total)
        try:
            return ERRNOS[self.exports[name](self.store, *numbers)]
        except (wasmtime.Trap, wasmtime.WasmtimeError):
            return "trap"

    def number(self, size):
        return int.from_bytes(self.memory.read(self.store, 4096, 4096 + size), "little")


def main():
    asked = different = 0
    for file in ["fd", "path", "process", "read_only"]:
        case, guest = None, None
        for line in (HERE / "table" / f"{file}.txt").read_text().splitlines():
            if not line or line.startswith("#"):
                continue
            if line.startswith("case "):
                case, guest, kept = line[5:], None, {}
                directory = pathlib.Path(tempfile.mkdtemp())
                root = directory / "d"
                root.mkdir()
                continue
            parts = words(line)
            value = lambda word: text(word).decode() if '"' in word else word
            if parts[0] == "file":
                (root / value(parts[1])).write_text(value(parts[2]))
            elif parts[0] == "dir":
                (root / parts[1]).mkdir()
            elif parts[0] == "link":
                os.symlink(value(parts[2]), root / parts[1])
            elif parts[0] == "fifo":
                subprocess.run(["mkfifo", root / parts[1]], check=True)
            elif parts[0] == "holds":
                if (root / parts[1]).read_text() != value(parts[2]):
                    print(f"{file}: {case}: {line}: {(root / parts[1]).read_text()!r}")
                    different += 1
            else:
                guest = guest or Guest(root, file != "read_only", directory)
                equals = parts.index("=")
                told = [word[9:] for word in parts if word.startswith("wasmtime:")]
                if told == ["skip"]:
                    continue
                answer = guest.call(parts[0], parts[1:equals], kept)
                asked += 1
                expected = parts[equals + 1] if not told or told == ["differs"] else told[0]
                problems = [answer] if answer != expected else []
                rest = parts[equals + 2:]
                for index, word in enumerate(rest):
                    if word == "->":
                        kept[rest[index + 1]] = guest.number(4)
                    elif word.startswith("u32:") and not told and guest.number(4) != int(word[4:]):
                        problems.append(f"u32:{guest.number(4)}")
                    elif word.startswith("u64:") and not told and guest.number(8) != int(word[4:]):
                        problems.append(f"u64:{guest.number(8)}")
                    elif word.startswith('"') and not told:
                        wanted = text(word)
                        found = bytes(guest.memory.read(guest.store, 8192, 8192 + len(wanted)))
                        if found != wanted:
                            problems.append(repr(found))
                if problems:
                    print(f"{file}: {case}: {line}: wasmtime: {' '.join(problems)}")
                    different += 1
    print(f"{asked} calls, {different} answered otherwise than the table says")
    sys.exit(different > 0)


main()
