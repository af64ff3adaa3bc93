# `./test --sanitize [ARGUMENTS of swift test]`: the address sanitizer over Swift and C, and the
# undefined-behaviour sanitizer over C, in release, in a build folder of their own. Sourced by ./test.
#
# Swift has no sanitizer of undefined behaviour: it traps on its own.

# Test targets that run under the sanitizers.
targets="Kernels Checkpoint JSON Tokenizer"

tools=$(dirname "$(readlink -f "$(command -v swift)")")
probe=$(mktemp -d)
trap 'rm -r "$probe"' EXIT

has_address() {
    echo 'print(1)' >"$probe/main.swift"
    { "$tools/swiftc" -sanitize=address "$probe/main.swift" -o "$probe/main" && "$probe/main"; } \
        >"$probe/log" 2>&1
}

has_undefined() {
    echo 'int f(int a) { return a + 1; }' >"$probe/f.c"
    "$tools/clang" -fsanitize=undefined -c "$probe/f.c" -o "$probe/f.o" >"$probe/log" 2>&1
}

options=()
if has_address; then
    options+=(--sanitize address)
else
    echo "left out: the address sanitizer; this toolchain has none that works:"
    grep -m 2 error "$probe/log" || true
fi
if has_undefined; then
    options+=(-Xcc -fsanitize=undefined)
    # Its messages come from the runtime of the address sanitizer; without, it traps.
    [[ "${options[*]}" == *address* ]] || options+=(-Xcc -fsanitize-trap=undefined)
else
    echo "left out: the undefined-behaviour sanitizer; this toolchain's clang has none"
fi
if [ ${#options[@]} = 0 ]; then
    echo "no sanitizer, nothing to run" >&2
    exit 1
fi
options+=(-c release --scratch-path .build-sanitize)

echo "building: swift build ${options[*]}"
setup_compile "${options[@]}" --product layerfoldPackageTests

filters=()
for name in $targets; do filters+=(--filter "^${name}Tests\\."); done
[ $# = 0 ] || filters=("$@")
# The Swift runtime keeps metadata for ever: what is not freed at the end is no finding.
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
swift test "${options[@]}" --skip-build "${filters[@]}"
