# `./test --coverage [ARGUMENTS of swift test]`: the tests in a build folder of their own, and a
# table of the lines they run, by folder. Sourced by ./test.

options=(-c release --scratch-path .build-coverage --enable-code-coverage)
bin=$(swift build "${options[@]}" --show-bin-path)
llvm=$(dirname "$(readlink -f "$(command -v swift)")")
# `swift test` clears this folder when it starts.
counts=$bin/codecov
kept=$bin/codecov-kept

echo "building with${options[*]/#/ }"
swift build "${options[@]}" --build-tests | grep -vE '^\[' || true
[ "${PIPESTATUS[0]}" = 0 ] || { echo "the build failed" >&2; exit 1; }

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
    | awk -v root="$PWD/" '
        /^SF:/ {
            path = substr($0, 4)
            count = index(path, root "Sources/") == 1 ? split(substr(path, length(root) + 1), part, "/") : 0
            folder = ""
            for (i = 1; i < count && i <= 3; i++) folder = folder (i > 1 ? "/" : "") part[i]
        }
        folder != "" && /^LF:/ { lines[folder] += substr($0, 4); all += substr($0, 4) }
        folder != "" && /^LH:/ { hit[folder] += substr($0, 4); allhit += substr($0, 4) }
        function row(name, lines, hit) { printf "| %s | %d | %.1f %% |\n", name, lines, 100 * hit / lines }
        END {
            print "| folder | lines | run by tests |\n| --- | --- | --- |"
            sorted = "sort"
            for (folder in lines) if (lines[folder]) row(folder, lines[folder], hit[folder]) | sorted
            close(sorted)
            if (all) row("all", all, allhit)
        }'
