import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from './lab.ts';

/**
 * In the place of nft: refuses, as a kernel does that cannot do something, every transaction that has one text in it and
 * has not another. The rest is carried out.
 *
 * @returns the prelude with which the daemon of this lab is started.
 */
export function refusingNft(lab: Lab, what: { readonly with: string; readonly without?: string }): string {
  const [wrapper, real] = [join(lab.directory, 'nft'), join(lab.directory, 'nft.real')];
  const spared = what.without === undefined ? 'false' : `printf '%s' "$input" | grep -q '${what.without}'`;
  const script = `#!/bin/sh
case " $* " in
  *' -f '*) input=$(cat; echo .); input=\${input%.}
    if printf '%s' "$input" | grep -q '${what.with}' && ! ${spared}; then
      echo 'Error: Could not process rule: Operation not supported' >&2; exit 1
    fi
    printf '%s' "$input" | exec ${real} "$@";;
  *) exec ${real} "$@";;
esac
`;
  writeFileSync(wrapper, script);
  chmodSync(wrapper, 0o755);
  return `cp -L /usr/sbin/nft ${real}; mount --bind ${wrapper} /usr/sbin/nft`;
}
