# For scripts that ask the driver about mutants; they have a directory `$out`, and a `$mutant`.

# Runs the driver, with its output in `$out/log`. Returns 0 if it finds nothing, and 1 if it finds something: its exit code is 1, or
# 101 if lowering or the checker panics. Any other says nothing about the mutant and ends the script: 2 for wrong arguments, 3 for
# processes that something killed, 137 if that was the driver itself.
answer() {
    local code=0
    "$@" >"$out/log" 2>&1 || code=$?
    case $code in
    0) return 0 ;;
    1 | 101) return 1 ;;
    esac
    tail "$out/log" >&2
    echo "mutant $mutant: the driver ended with exit code $code, which is no answer" >&2
    exit 1
}
