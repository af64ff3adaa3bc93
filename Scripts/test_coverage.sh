# `./test --coverage [ARGUMENTS of swift test]`: the tests in a build folder of their own, and a
# table of the lines they run, by folder. Sourced by ./test.

options=(-c release --scratch-path .build-coverage --enable-code-coverage)
bin=$(swift build "${options[@]}" --show-bin-path)
llvm=$(dirname "$(readlink -f "$(command -v swift)")")
# `swift test` clears this folder when it starts.
counts=$bin/codecov
kept=$bin/codecov-kept

echo "building: swift build ${options[*]}"
setup_compile "${options[@]}" --build-tests

rm -rf "$kept"
mkdir -p "$kept"
run() {
    swift test "${options[@]}" --skip-build "$@"
    for file in "$counts"/*.profraw; do mv "$file" "$kept/$RANDOM-$(basename "$file")"; done
}
if [ $# -gt 0 ]; then
    run "$@"
else
    run --filter '^DaemonTests\.'
    run --skip '^DaemonTests\.'
fi

"$llvm/llvm-profdata" merge -sparse "$kept"/*.profraw -o "$kept/all.profdata"
# Tests start the programs, so their lines count as well.
"$llvm/llvm-cov" export -format=lcov -summary-only -instr-profile "$kept/all.profdata" \
    "$bin/layerfoldPackageTests.xctest" -object "$bin/layerfold" -object "$bin/layerfoldd" \
    | awk -v root="$PWD/" -f Scripts/coverage_table.awk
