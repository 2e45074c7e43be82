#!/usr/bin/env bash
# Both commands of the README, in a fresh clone, with a fresh home, and nothing on the path but python3, make, git and
# the basic tools: `make cleanroom`, or `PYTHON=python3.13 make cleanroom`. Not committed changes are left out.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir "$room/home" "$room/bin"

python=$(command -v "${PYTHON:-python3}")
python=$("$python" -c 'import sys; print(sys.executable)') # behind the shims of version managers
ln -s "$python" "$room/bin/python3"
for tool in make git sh bash env sed touch rm mkdir cp ls uname chromium chromium-browser google-chrome; do
    if path=$(command -v "$tool"); then ln -s "$path" "$room/bin/$tool"; fi
done

git clone --quiet "$root" "$room/clone"
# How to reach the package index is the only thing that comes along.
mapfile -t settings < <(env | grep -iE '^(PIP_|https?_proxy=|no_proxy=|SSL_CERT_FILE=|REQUESTS_CA_BUNDLE=)' || true)
cd "$room/clone"
for target in ${TARGETS:-book test}; do
    start=$SECONDS
    env -i HOME="$room/home" PATH="$room/bin" LANG=C.UTF-8 "${settings[@]}" make "$target"
    echo "make $target: $((SECONDS - start)) s with $("$room/bin/python3" --version), in a clean room"
done
test -z "$(git status --porcelain)" || { git status; echo "the commands left files behind"; exit 1; }
