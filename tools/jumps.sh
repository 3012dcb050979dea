#!/usr/bin/env bash
# Counts what the machine code of handlers does, in programs built with tail dispatch, and fails if one of them leaves by
# a call: `tools/jumps.sh target/release/deps/probe-*`, for the tests are programs, too. (Of libraries objdump takes
# minutes.) OBJDUMP names another machine's objdump.
set -euo pipefail
status=1
for file in "$@"; do
    # Cargo's notes beside a test.
    [[ $file != *.d ]] || continue
    [ -e "$file" ] || { echo "$file: there is no such file" >&2; exit 1; }
    set +e
    "${OBJDUMP:-objdump}" --disassemble --no-show-raw-insn "$file" | awk -F '\t' -v file="$file" '
        function leave() {
            if (!handler) return
            handlers++; calls += call; stacks += stack; merged += merge; endless += !jump
            if (call) print "leaves by a call: " name
        }
        /^[0-9a-f]+ <.*>:$/ {
            leave()
            handler = /tail10HasHandler(7handler|14better_handler)/; name = $0; call = stack = merge = jump = 0
            next
        }
        !handler || NF < 2 { next }
        {
            instruction = $2 " " $3
            # Through a register or memory; calls of functions known to the linker go through its table, behind rip.
            if (instruction ~ /^call +\*/ && instruction !~ /\(%rip\)/ || instruction ~ /^blr /) call = 1
            if (instruction ~ /^jmp +\*/ && instruction !~ /\(%rip\)/ || instruction ~ /^br /) jump = 1
            # What is saved there, or room for it.
            if (instruction ~ /^push|^(sub|add) +\$.*,%rsp|^st[rp].*\[sp/) stack = 1
            # Two ways that leave by one jump, which waits for the condition.
            if (instruction ~ /^cmov.*,%rdi$|^csel +x0,/) merge = 1
        }
        END {
            leave()
            printf "%s: %d handlers, %d leave by a call, %d never dispatch, %d use the stack, %d select ip\n",
                file, handlers, calls, endless, stacks, merged
            exit calls > 0 ? 1 : handlers == 0 ? 3 : 0
        }'
    statuses=("${PIPESTATUS[@]}")
    set -e
    [ "${statuses[0]}" = 0 ] || exit 1
    case ${statuses[1]} in
        0) status=0 ;;
        3) ;;
        *) exit 1 ;;
    esac
done
# None of them had a handler that jumps: the portable loop's do not.
exit $status
