import { type Cidr, networkOf, overlaps, parseCidr } from '../api/address.ts';
import type { Bridge } from '../api/bridge.ts';
import { displayKey } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import { bridgeInterfaceOf, hostInterfaceOf, macAddressOf } from '../api/naming.ts';
import type { Manifest } from '../api/resource.ts';
import { interfaceName } from '../api/scalars.ts';
import type { FieldError } from './field-error.ts';

/** What remains of the manifests, and what only shows when they are put side by side. */
export interface CrossChecked {
  readonly accepted: readonly Manifest[];
  readonly errors: readonly FieldError[];
}

/** Something that only one resource may have: what it is called, which field says it, and its text. */
interface Claimed {
  readonly field: string;
  readonly what: string;
  readonly text: string;
}

/** Refuses what contradicts an earlier manifest, by path and line; the earlier one stays. Pure. */
export function crossCheck(manifests: readonly Manifest[]): CrossChecked {
  const accepted: Manifest[] = [];
  const errors: FieldError[] = [];
  const byKey = new Map<string, Manifest>();
  const claimed = new Map<string, Manifest>();
  const networks: { readonly network: Cidr; readonly text: string; readonly manifest: Manifest }[] = [];
  for (const manifest of manifests) {
    const complaints: [path: string, message: string][] = [];
    const same = byKey.get(manifest.key);
    if (same)
      complaints.push(['metadata.name', `Duplicate value: it is declared at ${placeOf(same)} already`]);
    const claims = same ? [] : claimsOf(manifest);
    for (const { field, what, text } of claims) {
      const other = claimed.get(`${what} ${text}`);
      if (other)
        complaints.push([
          field,
          `Duplicate value: ${what} '${text}' is that of ${displayKey(other.key)} at ${placeOf(other)}`,
        ]);
    }
    if (!same) complaints.push(...missingName(manifest));
    const own = same ? [] : networksOf(manifest);
    own.forEach(({ field, network, text }) => {
      const other = networks.find((candidate) => overlaps(candidate.network, network));
      if (other)
        complaints.push([
          field,
          `Invalid value: '${text}' overlaps with '${other.text}' of ${displayKey(other.manifest.key)} at ${placeOf(other.manifest)}`,
        ]);
    });
    if (complaints.length > 0) {
      errors.push(...complaints.map(([path, message]) => errorOf(manifest, path, message)));
      continue;
    }
    byKey.set(manifest.key, manifest);
    for (const { what, text } of claims) claimed.set(`${what} ${text}`, manifest);
    networks.push(...own.map(({ network, text }) => ({ network, text, manifest })));
    accepted.push(manifest);
  }
  return { accepted, errors };
}

function placeOf({ origin }: Manifest): string {
  return `${origin.file}:${origin.line}`;
}

function errorOf({ key, origin }: Manifest, path: string, message: string): FieldError {
  return { ...origin, subject: displayKey(key), path, message };
}

function claimsOf(manifest: Manifest): Claimed[] {
  const { resource } = manifest;
  if (resource.kind === 'Bridge') return bridgeClaims(resource);
  return resource.kind === 'Link' ? linkClaims(resource) : [];
}

function bridgeClaims(bridge: Bridge): Claimed[] {
  const ports = bridge.spec.ports.map((text, index) => ({
    field: `spec.ports[${index}]`,
    what: 'port',
    text,
  }));
  return [{ field: 'spec.interface', what: 'interface', text: bridgeInterfaceOf(bridge) }, ...ports];
}

function linkClaims(link: Link): Claimed[] {
  const { container, addresses } = link.spec;
  const [kind = '', name = ''] = Object.entries(container).find(([field]) => field !== 'lxcPath') ?? [];
  const where = `${kind}:${name}:${container.lxcPath ?? ''}`;
  return [
    ...addresses.map((text, index) => ({
      field: `spec.addresses[${index}]`,
      what: 'address',
      text: text.slice(0, text.indexOf('/')),
    })),
    { field: 'spec.macAddress', what: 'MAC address', text: macAddressOf(link) },
    { field: 'spec.hostInterface', what: 'interface', text: hostInterfaceOf(link) },
    { field: 'spec.interface', what: 'interface of the container', text: `${where} ${link.spec.interface}` },
  ];
}

/** A bridge's name is its interface, unless it says otherwise; not every name will do. */
function missingName({ resource }: Manifest): [string, string][] {
  if (resource.kind !== 'Bridge' || resource.spec.interface !== undefined) return [];
  const parsed = interfaceName.safeParse(resource.metadata.name);
  if (parsed.success) return [];
  return [
    [
      'spec.interface',
      `Required value: '${resource.metadata.name}' cannot be an interface's name: it ${parsed.error.issues[0]!.message}`,
    ],
  ];
}

function networksOf({ resource }: Manifest): { field: string; network: Cidr; text: string }[] {
  if (resource.kind !== 'Bridge') return [];
  return resource.spec.addresses.map((text, index) => ({
    field: `spec.addresses[${index}]`,
    network: networkOf(parseCidr(text)!),
    text,
  }));
}
