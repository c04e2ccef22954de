#!/bin/sh
# `npm test`: everything, on a fresh machine too. Needs root, for network namespaces.
#
#   sh test/run.sh           format, lint, types, dead code, unit tests, tests against the real kernel
set -eu
cd "$(dirname "$0")/.."
sh deploy/setup.sh ip=iproute2 nft=nftables lxc-execute=lxc lighttpd=lighttpd promtool=prometheus
PATH="$PWD/node_modules/.bin:$PATH"
export PATH

step() {
  started=$(date +%s)
  printf '== %s\n' "$1"
  shift
  "$@"
  printf '   %s s\n' "$(($(date +%s) - started))"
}
step 'format' prettier --log-level warn --check .
step 'lint' eslint --max-warnings 0 .
step 'types' tsc --noEmit
step 'dead code' npm run --silent deadcode
step 'build' npm run --silent build
[ "$(id -u)" = 0 ] || { echo 'the tests against the kernel need root' >&2; exit 1; }
step 'tests' vitest run
