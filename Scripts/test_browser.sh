# `./test --browser [FOLDER]`: the daemon's pages in Debian's chromium, driven by its DevTools protocol
# (Tests/Browser). Sourced by ./test, which runs the same where chromium is there.

run_browser() { # [ARGUMENTS of Tests/Browser/run.py]
    local code=0
    python3 Tests/Browser/run.py --binaries "$PWD/.build/release" "$@" || code=$?
    if [ "$code" = 77 ]; then
        echo "skipped: the pages in a browser"
        return 0
    fi
    return "$code"
}

if [ "$mode" = browser ]; then
    setup_packages chromium fonts-dejavu-core python3
    setup_build
    if [ $# -gt 0 ]; then run_browser --pictures "$1"; else run_browser; fi
fi
