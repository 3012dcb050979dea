#!/usr/bin/env python3
"""Compares the machine code of handlers in two builds for x86-64: `tools/handlers.py OLD NEW [LINES]`.

Both are programs built with RUSTFLAGS=-Csymbol-mangling-version=v0 and the same profile, for the names. Of each handler that
both have, the shortest and the longest way from its entry to a dispatch are counted in instructions, loops once. Ways that
end in a trap are not looked at, so what these cost is what every program pays. It prints sums, and the handlers whose ways
grew or shrank most, LINES of either (20 if left out).

Ways are not frequencies: callgrind (`--dump-instr=yes`) says what a program executes.
"""

import re
import subprocess
import sys

HEAD = re.compile(r"^[0-9a-f]+ <<(.*) as .*HasHandler>::(better_)?handler>:$")
INSTRUCTION = re.compile(r"^ *([0-9a-f]+):\t(\S+) *(.*)$")


def handlers(program):
    """Instructions, as (address, name, operands), by shape."""
    command = ["objdump", "--disassemble", "--demangle", "--no-show-raw-insn", "-M", "intel", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        found, code = {}, None
        for line in process.stdout:
            if head := HEAD.match(line):
                shape = re.sub(r"\b(?:[a-z_0-9]+::)+", "", head[1])
                code = found.setdefault(f"better {shape}" if head[2] else shape, [])
            elif not line.strip():
                code = None
            elif code is not None and (instruction := INSTRUCTION.match(line)):
                code.append((int(instruction[1], 16), instruction[2], instruction[3].split("#")[0].strip()))
    if not found:
        sys.exit(f"{program} has no handlers with names: see the head of {sys.argv[0]}")
    return found


def ways(code):
    """Instructions on the shortest and on the longest way to a dispatch; None if there is none."""
    places = {address: index for index, (address, _, _) in enumerate(code)}

    def target(operands):
        address = re.match(r"[0-9a-f]+(?= <|$)", operands)
        return places.get(int(address[0], 16)) if address else None

    def walk(index, seen):
        for count, (_, name, operands) in enumerate(code[index:], 1):
            if name in ("int3", "ud2", "ret"):
                return None
            if not name.startswith("j"):
                continue
            if name == "jmp" and not re.match(r"[0-9a-f]+( <|$)", operands):
                # Through a register or memory; another function's address, where traps go, is a number.
                return None if "rip" in operands else (count, count)
            to = target(operands)
            found = [walk(to, seen | {to})] if to is not None and to not in seen else []
            if name != "jmp":
                found.append(walk(index + count, seen))
            found = [way for way in found if way]
            return (min(found)[0] + count, max(way[1] for way in found) + count) if found else None
        return None

    return walk(0, frozenset([0]))


def describe(program, code):
    moves = sum(name == "mov" and bool(re.fullmatch(r"[er]\w+,[er]\w+", operands))
                for one in code.values() for _, name, operands in one)
    stack = sum(any(name in ("push", "pop") or "rsp" in operands for _, name, operands in one) for one in code.values())
    print(f"{program}: {len(code)} handlers, {stack} use the stack, {moves} moves between registers")


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    lines = int(sys.argv[3]) if len(sys.argv) == 4 else 20
    old, new = handlers(sys.argv[1]), handlers(sys.argv[2])
    describe(sys.argv[1], old)
    describe(sys.argv[2], new)
    both = [(ways(old[shape]), ways(new[shape]), shape) for shape in old if shape in new]
    both = [pair for pair in both if pair[0] and pair[1]]
    for index, which in enumerate(("shortest", "longest")):
        sums = [sum(pair[side][index] for pair in both) for side in (0, 1)]
        print(f"{which} ways of {len(both)} shapes: {sums[0]} instructions, then {sums[1]}")
    changes = [(max(b[0] - a[0], b[1] - a[1]), a, b, shape) for a, b, shape in both if a != b]
    changes = [change if change[0] > 0 else (min(b - a for a, b in zip(*change[1:3])), *change[1:]) for change in changes]
    changes.sort()
    print(f"{sum(c[0] > 0 for c in changes)} grew, {sum(c[0] < 0 for c in changes)} shrank")
    for change in [c for c in changes[::-1] if c[0] > 0][:lines] + [c for c in changes if c[0] < 0][:lines]:
        print(f"{change[0]:+} {change[1]} -> {change[2]} {change[3]}")


main()
