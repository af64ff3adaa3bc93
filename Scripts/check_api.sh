#!/bin/sh
# Holds the API of a running daemon against its own description, with schemathesis.
#
#   Scripts/check_api.sh SOCKET|URL [OPTIONS OF SCHEMATHESIS...]
#
# SOCKET is <state>/run/layerfoldd.sock; URL is where the daemon listens over TCP. It submits,
# cancels and removes jobs, and makes and revokes tokens: give it a daemon of its own, which has the
# folder of the example jobs among its roots. Over the socket more is tried, as a token makes no
# tokens. Where schemathesis is not installed, it says how that is done, and ends with 0.
#
# SCHEMATHESIS    folder of the virtual environment that schemathesis is in; where it is not set,
#                 the program is looked for in PATH.
# LAYERFOLD_TOKEN sent as `Authorization: Bearer`, where the daemon wants to know who asks.
# EXAMPLES        requests for each route; 50 where it is not set.
set -eu

if [ $# -lt 1 ]; then
    sed -n '2,15s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
target=$1
shift
program=schemathesis
[ -z "${SCHEMATHESIS:-}" ] || program=$(realpath -m "$SCHEMATHESIS")/bin/schemathesis
if ! command -v "$program" >/dev/null; then
    echo "skipped: no schemathesis; python3 -m venv FOLDER && FOLDER/bin/pip install" \
        "'schemathesis>=4,<5', then SCHEMATHESIS=FOLDER $0 $target"
    exit 0
fi
here=$(cd "$(dirname "$0")" && pwd)

work=$(mktemp -d)
relay=
trap '[ -z "$relay" ] || kill "$relay" 2>/dev/null; rm -rf "$work"' EXIT INT TERM
case "$target" in
http://* | https://*) url=${target%/} ;;
*)
    # schemathesis speaks TCP only: a relay that lives as long as this script.
    [ -S "$target" ] || { echo "\`$target\` is neither a socket nor a URL" >&2; exit 2; }
    python3 - "$target" "$work/port" <<'RELAY' &
import os, socket, sys, threading

path, answer = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", 0))
with open(answer + ".tmp", "w") as file:
    file.write(str(listener.getsockname()[1]))
os.rename(answer + ".tmp", answer)


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client):
    with client, socket.socket(socket.AF_UNIX) as daemon:
        daemon.connect(path)
        back = threading.Thread(target=copy, args=(daemon, client), daemon=True)
        back.start()
        # The daemon answers, then closes; what the client still has to say does not matter.
        threading.Thread(target=copy, args=(client, daemon), daemon=True).start()
        back.join()


while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
RELAY
    relay=$!
    while [ ! -e "$work/port" ]; do
        kill -0 "$relay" 2>/dev/null || { echo "the relay ended" >&2; exit 1; }
        sleep 0.1
    done
    url=http://127.0.0.1:$(cat "$work/port")
    ;;
esac

if [ -n "${LAYERFOLD_TOKEN:-}" ]; then
    set -- --header "Authorization: Bearer $LAYERFOLD_TOKEN" "$@"
fi
# It leaves files where it is run. What options name has to be written from the root, therefore.
cd "$work"
export LAYERFOLD_URL="$url" SCHEMATHESIS_HOOKS=check_api_hooks PYTHONPATH="$here"
export PYTHONDONTWRITEBYTECODE=1
# The stream has no end that a test could wait for; POST /v1/plan may take minutes for each.
"$program" run "$url/v1/openapi.json" \
    --url "$url" \
    --max-examples "${EXAMPLES:-50}" \
    --exclude-path /v1/events --exclude-path /v1/plan \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    "$@"
