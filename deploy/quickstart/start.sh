#!/bin/sh
# `npm start`: from a fresh clone to a real container behind lxcnet, and everything shown. Needs root.
#
#   npm start                shows it, and leaves nothing behind
#   npm start -- --keep      shows it, then stays up until Ctrl-C, to look around
set -eu
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo 'the quickstart makes network namespaces and a container: run it as root' >&2; exit 1; }
sh deploy/setup.sh ip=iproute2 nft=nftables perl=perl-base lxc-execute=lxc lighttpd=lighttpd
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
newest=$(find src controllers package.json rolldown.config.ts -newer dist/src/main.js 2>/dev/null | head -n 1 || true)
if [ ! -f dist/src/main.js ] || [ -n "$newest" ]; then
  echo 'building'
  npm run --silent build
fi
exec node deploy/quickstart/main.ts "$@"
