#!/bin/sh
# Brings what the other scripts need onto a fresh Debian machine, and says so first. Quiet where everything is there.
#
#   sh deploy/setup.sh [PROGRAM=PACKAGE ...]      for example: sh deploy/setup.sh nft=nftables lxc-execute=lxc
#
# npm packages are installed from package-lock.json by the machine's own Node, of whatever age; they bring the Node that
# the project runs on. Debian packages are installed where their program is missing.
set -eu
cd "$(dirname "$0")/.."

fail() { echo "setup: $*" >&2; exit 1; }

# Two at once (npm start beside npm test) would install over each other.
exec 9>"${TMPDIR:-/tmp}/lxcnet-setup.lock"
flock 9

command -v npm >/dev/null || fail 'npm is not there: install nodejs and npm first'
stamp=node_modules/.lxcnet-installed
if [ ! -f "$stamp" ] || ! cmp -s package-lock.json "$stamp"; then
  echo 'setup: installing npm packages'
  npm ci --no-audit --no-fund --loglevel=error
  [ -x node_modules/.bin/node ] || fail 'npm did not install the Node that the project runs on; see what npm says above'
  cp package-lock.json "$stamp"
fi

missing=
for pair in "$@"; do
  program=${pair%%=*}
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || [ -x "/sbin/$program" ] || missing="$missing ${pair#*=}"
done
[ -n "$missing" ] || exit 0

[ "$(id -u)" = 0 ] || fail "these Debian packages are missing:$missing; run this as root, or install them"
command -v apt-get >/dev/null || fail "these programs are missing, and there is no apt-get to install them with:$missing"
echo "setup: installing by apt:$missing"
# The packages of servers would start them, and lxc would make a bridge on this machine: both are declined.
policy=/usr/sbin/policy-rc.d
saved=
restore() {
  if [ -n "$saved" ]; then mv "$saved" "$policy"; else rm -f "$policy"; fi
}
[ ! -e "$policy" ] || { saved=$policy.lxcnet-saved; mv "$policy" "$saved"; }
trap restore EXIT
trap 'exit 130' INT TERM
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod +x "$policy"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
