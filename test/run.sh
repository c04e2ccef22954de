#!/bin/sh
# `npm test`: everything, on a fresh machine too. Needs root, for network namespaces.
#
#   sh test/run.sh           format, lint, types, dead code, unit tests, tests against the real kernel
#
# The last line is `N passed, N failed`, and the exit status 0 where nothing failed.
set -eu
cd "$(dirname "$0")/.."
sh deploy/setup.sh ip=iproute2 nft=nftables perl=perl-base lxc-execute=lxc lighttpd=lighttpd conntrack=conntrack promtool=prometheus \
  python3=python3 dnsmasq=dnsmasq-base busybox=busybox iptables-nft=iptables ufw=ufw firewalld=firewalld \
  dbus-daemon=dbus-daemon bwrap=bubblewrap systemd-nspawn=systemd-container podman=podman newuidmap=uidmap rsync=rsync
# Debian's own programs before all others: the python3 of a version manager is a shell script that takes half a second.
PATH="$PWD/node_modules/.bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH"
export PATH

step() {
  started=$(date +%s)
  printf '== %s\n' "$1"
  shift
  "$@" || return
  printf '   %s s\n' "$(($(date +%s) - started))"
}
step 'format' prettier --log-level warn --check .
step 'lint' eslint --max-warnings 0 .
step 'types' tsc --noEmit
step 'dead code' npm run --silent deadcode
step 'build' npm run --silent build
[ "$(id -u)" = 0 ] || { echo 'the tests against the kernel need root' >&2; exit 1; }
results=$(mktemp)
trap 'rm -f "$results"' EXIT
trap 'exit 130' INT TERM
status=0
step 'tests' vitest run --reporter=default --reporter=json --outputFile.json="$results" || status=$?
# The last line is for whoever reads nothing else. A file that could not be loaded has no tests, and failed all the same.
node -e '
  const [file, status] = process.argv.slice(1);
  const { testResults } = JSON.parse(require("fs").readFileSync(file, "utf8") || "{\"testResults\":[]}");
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const count = (items, wanted) => items.filter((item) => item.status === wanted).length;
  const unloaded = count(testResults.filter(({ assertionResults }) => !count(assertionResults, "failed")), "failed");
  const failed = count(tests, "failed") + unloaded;
  console.log(`${count(tests, "passed")} passed, ${status === "0" ? failed : Math.max(failed, 1)} failed`);
' "$results" "$status"
exit "$status"
