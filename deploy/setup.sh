#!/bin/sh
# Brings what the other scripts need onto a fresh Debian machine, and says so first. Quiet where everything is there.
#
#   sh deploy/setup.sh [PROGRAM=PACKAGE ...]      for example: sh deploy/setup.sh nft=nftables lxc-execute=lxc
#
# npm packages are installed from package-lock.json by the machine's own Node, of whatever age; they bring the Node that
# the project runs on. Debian packages are installed where their program is missing; none of their services is started.
set -eu
cd "$(dirname "$0")/.."

fail() { echo "setup: $*" >&2; exit 1; }

# Two at once (npm start beside npm test) would install over each other.
exec 9<package-lock.json
flock 9

stamp=node_modules/.lxcnet-installed
if ! cmp -s package-lock.json "$stamp"; then
  command -v npm >/dev/null || fail 'npm is not there: install nodejs and npm first'
  echo 'setup: installing npm packages'
  npm ci --no-audit --no-fund --loglevel=error
  [ -x node_modules/.bin/node ] || fail 'npm did not install the Node that the project runs on; see what npm says above'
  cp package-lock.json "$stamp"
fi

find_missing() {
  missing=
  for pair in "$@"; do
    program=${pair%%=*}
    command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || [ -x "/sbin/$program" ] ||
      missing="$missing ${pair#*=}"
  done
}
find_missing "$@"
[ -n "$missing" ] || exit 0

[ "$(id -u)" = 0 ] || fail "these Debian packages are missing:$missing; run this as root, or install them"
command -v apt-get >/dev/null || fail "these programs are missing, and there is no apt-get to install them with:$missing"
# What follows is the machine's, not this checkout's.
exec 8>/run/lxcnet-setup.lock
flock 8
find_missing "$@"
[ -n "$missing" ] || exit 0
echo "setup: installing by apt:$missing"

# The packages of servers would start them, and lxc would make a bridge on this machine: both are declined.
policy=/usr/sbin/policy-rc.d
saved=$policy.lxcnet-saved
mark='# lxcnet: no service starts while packages are installed'
there() { [ -e "$1" ] || [ -L "$1" ]; }
restore_policy() {
  if there "$saved"; then mv -f "$saved" "$policy"
  elif grep -qsxF "$mark" "$policy"; then rm -f "$policy"; fi
}
log=$(mktemp)
finish() { restore_policy; rm -f "$log"; }
trap finish EXIT
trap 'exit 130' INT TERM HUP
# A run that was killed may have left it changed.
restore_policy
if there "$policy"; then mv "$policy" "$saved"; fi
printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
chmod +x "$policy"

export DEBIAN_FRONTEND=noninteractive
install_packages() {
  # shellcheck disable=SC2086 # a list of words
  apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends $missing >"$log" 2>&1
}
enabled_units() { find /etc/systemd/system -path '*.wants/*' -type l 2>/dev/null | sed 's|.*/||' | sort -u; }
units=$(enabled_units)
# A fresh machine has no lists of packages, or old ones.
install_packages || { apt-get update -qq >"$log" 2>&1 && install_packages; } || {
  cat "$log" >&2
  fail "apt-get could not install$missing"
}
find_missing "$@"
[ -z "$missing" ] || fail "apt-get succeeded, and still there is no program of:$missing"

# Nor are they to start at the next boot: only the programs are wanted here.
new=
for unit in $(enabled_units); do
  printf '%s\n' "$units" | grep -qxF "$unit" || new="$new $unit"
done
[ -n "$new" ] && command -v systemctl >/dev/null || exit 0
# shellcheck disable=SC2086 # a list of words
systemctl --quiet --no-reload disable $new >"$log" 2>&1 || { cat "$log" >&2; fail "could not disable$new"; }
echo "setup: not started, now or at boot, until 'systemctl enable --now' says so:$new"
