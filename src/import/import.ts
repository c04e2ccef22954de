import { Facts } from './facts.ts';
import { type Format, formatOf } from './format.ts';
import { readIptablesSave } from './iptables-save.ts';
import { type Account, Ledger } from './ledger.ts';
import { readLxcConfig } from './lxc-config.ts';
import { makeManifests } from './manifests.ts';
import { readNftRuleset } from './nft-ruleset.ts';
import { renderManifests } from './render.ts';
import { readShellScript } from './shell-script.ts';

export interface InputFile {
  /** As the user wrote it. */
  readonly name: string;
  readonly text: string;
}

/** What came of the files. */
export interface Imported extends Account {
  /** Manifests that `validate` accepts. */
  readonly yaml: string;
  readonly resources: number;
  /** Files in which nothing was recognised. */
  readonly unrecognised: readonly string[];
}

const READERS: Readonly<Record<Format, (file: string, text: string, facts: Facts, ledger: Ledger) => void>> =
  {
    lxc: readLxcConfig,
    'iptables-save': readIptablesSave,
    nft: readNftRuleset,
    shell: readShellScript,
  };

/** Makes manifests of LXC configurations, firewall listings and shell scripts, together. Runs nothing, and never throws. */
export function importFiles(files: readonly InputFile[]): Imported {
  const facts = new Facts();
  const ledger = new Ledger();
  const unrecognised: string[] = [];
  for (const { name, text } of files) {
    const plain = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
    const format = formatOf(plain);
    if (format) READERS[format](name, plain, facts, ledger);
    else unrecognised.push(name);
  }
  const candidates = makeManifests(facts, ledger);
  const account = ledger.account();
  return {
    yaml: renderManifests(candidates, account.comments),
    resources: candidates.length,
    unrecognised,
    ...account,
  };
}
