# Shared by ./demo, ./test and .ci/run: Debian packages, toolchain, build. Sourced, not run.

packages="libopenblas-openmp-dev liblapacke-dev libdnnl-dev libpcre2-dev libsqlite3-dev libzstd-dev"

# Installs what is missing, and says which.
setup_packages() { # [MORE PACKAGES]
    local missing=""
    for package in $packages "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' \
            || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "installing Debian packages:$missing"
    local root=""
    if [ "$(id -u)" != 0 ]; then root=sudo; fi
    $root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing \
        >/dev/null
}

# Builds without the progress of every file.
setup_compile() { # ARGUMENTS
    swift build "$@" | { grep -vE '^\[|Cannot export local symbol' || true; } \
        || { echo "the build failed" >&2; exit 1; }
}

# Builds everything in release; numerics in debug would take for ever. Tests see what modules keep
# to themselves (`@testable`), so the whole build carries `-enable-testing`: one build for all.
setup_build() { # [MORE ARGUMENTS]
    if ! command -v swift >/dev/null; then
        echo "the Swift toolchain (6.2 or newer) is missing: https://www.swift.org/install" >&2
        exit 1
    fi
    echo "building (the first time takes minutes)"
    setup_compile -c release -Xswiftc -enable-testing \
        --explicit-target-dependency-import-check error "$@"
}
