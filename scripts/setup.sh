#!/bin/sh
# Create .venv, the developers' environment, from pyproject.toml; a second run repairs an interrupted one.
# Exit 0: .venv/.ready exists. 3: this machine lacks something, which one sentence names. 1: the installer failed.
set -eu
cd -P -- "$(dirname -- "$0")/.."

python=${PYTHON:-python3}
expected='Python 3.10 or newer is expected; install one and name it, as in: make setup PYTHON=/path/to/python3'

stop() {
    echo "set-up: $1" >&2
    exit 3
}

path=$(command -v -- "$python") || stop "there is no command '$python': $expected"
version=$("$path" -c 'import sys; print("%d.%d" % sys.version_info[:2])') || stop "'$python' does not start: $expected"
case $version in
    3.1[0-9] | 3.[2-9][0-9]) ;;
    *) stop "'$python' is Python $version: $expected" ;;
esac

# The stamp is written last: a .venv without it was interrupted. A .venv whose Python is gone is unusable too.
if [ ! -e .venv/.ready ] || ! .venv/bin/python -c '' 2>/dev/null; then
    rm -rf .venv
    # Debian and Ubuntu ship ensurepip in a separate package.
    if "$path" -c 'import venv; from ensurepip import bootstrap' 2>/dev/null; then
        echo "set-up: making .venv with Python $version"
        "$path" -m venv .venv
    elif command -v uv >/dev/null; then
        echo "set-up: making .venv with uv and Python $version"
        uv venv --quiet --python "$path" .venv
    else
        case ${python##*/} in
            python3.*) package=python$version-venv ;;
            *) package=python3-venv ;;
        esac
        stop "'$python' cannot make a virtual environment with pip: install the package $package (sudo apt install $package)"
    fi
fi

install() {
    if command -v uv >/dev/null; then
        uv pip install --quiet --python .venv/bin/python --editable '.[dev]'
    else
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --editable '.[dev]'
    fi
}

rm -f .venv/.ready
echo "set-up: installing what pyproject.toml names (10 to 60 seconds)"
(
    seconds=0
    while sleep 10 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        seconds=$((seconds + 10))
        echo "set-up: still installing after $seconds s"
    done
) &
reporter=$!
trap 'kill "$reporter" 2>/dev/null || true' EXIT
if ! install >.venv/install.log 2>&1; then
    cat .venv/install.log >&2
    exit 1
fi
touch .venv/.ready
