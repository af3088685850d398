# Sourced by the other scripts: words on standard error, the tool chain's age, free ports, and one
# way to run a command with something beside it that must be stopped afterwards.
#
# shellcheck shell=bash

# say WORDS: what is being done, on standard error, so that reports stay alone on standard output.
say() { printf '%s\n' "$*" >&2; }

# fail MESSAGE [HINT]: the end of the script.
fail() {
    printf '%s: error: %s\n' "$(basename "$0")" "$1" >&2
    [ -z "${2:-}" ] || printf '%s: hint: %s\n' "$(basename "$0")" "$2" >&2
    exit 1
}

# require_swift: the compiler is there and new enough for the manifest.
require_swift() {
    command -v swift >/dev/null ||
        fail "swift is not installed" "install Swift 6.2 or newer: https://www.swift.org/install/linux/"
    local version
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p')
    [ "$(printf '%s\n6.2\n' "$version" | sort -V | head -n 1)" = 6.2 ] ||
        fail "swift ${version:-of unknown version} is too old" "Swift 6.2 or newer is needed"
}

# free_ports COUNT: ports of 127.0.0.1 that nothing listens on, below the range from which outgoing
# connections are given theirs, so that only another listener could take one in the meantime.
free_ports() {
    /usr/bin/python3 - "$1" <<'PYTHON'
import random, socket, sys
held = []
while len(held) < int(sys.argv[1]):
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", random.randrange(10000, 32000)))
        held.append(listener)
    except OSError:
        listener.close()
print(*(listener.getsockname()[1] for listener in held))
PYTHON
}

# runs PROCESS: it has not ended. One that is only not yet waited for has no command line.
runs() { read -r -d '' _ <"/proc/$1/cmdline"; } 2>/dev/null

# run_between CLEANUP COMMAND…: runs the command in a process group of its own, then CLEANUP, whatever
# ends it: the command, a failure, SIGINT, SIGTERM, SIGHUP. Exits as the command did. Should the script
# be killed, the command gets SIGTERM.
run_between() {
    cleanup=$1
    shift
    trap '"$cleanup"' EXIT
    set -m
    setpriv --pdeathsig TERM -- "$@" <&0 &
    child=$!
    set +m
    trap 'kill -TERM -- "-$child" 2>/dev/null' INT TERM HUP
    local status=0
    wait "$child" || status=$?
    # A trapped signal ends `wait` early: the command is still going down.
    while kill -0 "$child" 2>/dev/null; do wait "$child" || status=$?; done
    exit "$status"
}
