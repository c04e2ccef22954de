import { type Cidr, networkOf, overlaps, parseCidr } from '../api/address.ts';
import type { Bridge } from '../api/bridge.ts';
import { type Key, displayKey } from '../api/key.ts';
import type { Link } from '../api/link.ts';
import { DEFAULT_LXC_PATH, lxcContainerOf } from '../api/lxc-container.ts';
import { bridgeInterfaceOf, hostInterfaceOf, macAddressOf } from '../api/naming.ts';
import type { PortForward } from '../api/port-forward.ts';
import type { Manifest } from '../api/resource.ts';
import { interfaceName } from '../api/scalars.ts';
import type { FieldError } from './field-error.ts';

/** What remains of the manifests, and what only shows when they are put side by side. */
export interface CrossChecked {
  readonly accepted: readonly Manifest[];
  readonly errors: readonly FieldError[];
}

/** Something that only one resource may have: what it is called, which field says it, and its text. */
interface Claim {
  readonly field: string;
  readonly what: string;
  readonly text: string;
}

interface Network {
  readonly field: string;
  readonly network: Cidr;
  readonly text: string;
}

interface Complaint {
  readonly field: string;
  readonly message: string;
}

/**
 * Refuses what contradicts an earlier manifest, and keeps the earlier one. Pure.
 *
 * @param manifests In the order in which they take precedence: by path, then line.
 */
export function crossCheck(manifests: readonly Manifest[]): CrossChecked {
  const accepted: Manifest[] = [];
  const errors: FieldError[] = [];
  const taken = new Taken();
  for (const manifest of manifests) {
    const complaints = taken.complaintsAbout(manifest);
    if (complaints.length === 0) {
      taken.add(manifest);
      accepted.push(manifest);
    }
    const subject = displayKey(manifest.key);
    for (const { field, message } of complaints) {
      errors.push({ ...manifest.origin, subject, path: field, message });
    }
  }
  return { accepted, errors };
}

/** What the manifests accepted so far have taken. */
class Taken {
  readonly #byKey = new Map<Key, Manifest>();
  readonly #claims = new Map<string, Manifest>();
  readonly #networks: (Network & { readonly manifest: Manifest })[] = [];

  complaintsAbout(manifest: Manifest): Complaint[] {
    const same = this.#byKey.get(manifest.key);
    if (same) {
      const message = `Duplicate value: it is declared at ${placeOf(same)} already`;
      return [{ field: 'metadata.name', message }];
    }
    return [
      ...claimsOf(manifest).flatMap((claim, index, own) => this.#aboutClaim(claim, own.slice(0, index))),
      ...unfitName(manifest),
      ...repeatedAddresses(manifest),
      ...repeatedPorts(manifest),
      ...networksOf(manifest).flatMap((network) => this.#aboutNetwork(network)),
    ];
  }

  add(manifest: Manifest): void {
    this.#byKey.set(manifest.key, manifest);
    for (const claim of claimsOf(manifest)) this.#claims.set(identityOf(claim), manifest);
    for (const network of networksOf(manifest)) this.#networks.push({ ...network, manifest });
  }

  #aboutClaim(claim: Claim, before: readonly Claim[]): Complaint[] {
    const { field, what, text } = claim;
    const other = this.#claims.get(identityOf(claim));
    if (other) {
      const message = `Duplicate value: the ${what} '${text}' is that of ${nameOf(other)}`;
      return [{ field, message }];
    }
    const twice = before.find((earlier) => identityOf(earlier) === identityOf(claim));
    return twice ? [{ field, message: `Duplicate value: the ${what} '${text}' is given twice` }] : [];
  }

  #aboutNetwork({ field, network, text }: Network): Complaint[] {
    const other = this.#networks.find((candidate) => overlaps(candidate.network, network));
    if (!other) return [];
    const message = `Invalid value: '${text}' overlaps with '${other.text}' of ${nameOf(other.manifest)}`;
    return [{ field, message }];
  }
}

function identityOf({ what, text }: Claim): string {
  return `${what} ${text}`;
}

function placeOf({ origin }: Manifest): string {
  return `${origin.file}:${origin.line}`;
}

function nameOf(manifest: Manifest): string {
  return `${displayKey(manifest.key)} at ${placeOf(manifest)}`;
}

function claimsOf({ resource }: Manifest): Claim[] {
  if (resource.kind === 'Bridge') return bridgeClaims(resource);
  return resource.kind === 'Link' ? linkClaims(resource) : [];
}

function bridgeClaims(bridge: Bridge): Claim[] {
  const ports = bridge.spec.ports.map((text, index) => ({
    field: `spec.ports[${index}]`,
    what: 'port',
    text,
  }));
  return [{ field: 'spec.interface', what: 'interface', text: bridgeInterfaceOf(bridge) }, ...ports];
}

function linkClaims(link: Link): Claim[] {
  const addresses = link.spec.addresses.map((text, index) => ({
    field: `spec.addresses[${index}]`,
    what: 'address',
    text: text.slice(0, text.indexOf('/')),
  }));
  return [
    ...addresses,
    { field: 'spec.macAddress', what: 'MAC address', text: macAddressOf(link) },
    { field: 'spec.hostInterface', what: 'interface', text: hostInterfaceOf(link) },
    { field: 'spec.interface', what: 'interface in a container', text: insideOf(link) },
  ];
}

/** `lxc vm1: eth0`. */
function insideOf({ spec: { container, interface: inside } }: Link): string {
  const lxc = lxcContainerOf(container);
  if (lxc) return `lxc ${lxc.name}${lxc.path === DEFAULT_LXC_PATH ? '' : ` in ${lxc.path}`}: ${inside}`;
  const [kind, name] = Object.entries(container).find(([, value]) => value !== undefined) ?? [];
  return `${kind} ${name}: ${inside}`;
}

/** A bridge's name is its interface, unless it says otherwise; not every name will do. */
function unfitName({ resource }: Manifest): Complaint[] {
  if (resource.kind !== 'Bridge' || resource.spec.interface !== undefined) return [];
  const { name } = resource.metadata;
  const parsed = interfaceName.safeParse(name);
  if (parsed.success) return [];
  const why = `'${name}' cannot be the name of an interface: it ${parsed.error.issues[0]!.message}`;
  return [{ field: 'spec.interface', message: `Required value: ${why}` }];
}

/** The kernel has an address of an interface once, whatever its prefix length. */
function repeatedAddresses({ resource }: Manifest): Complaint[] {
  if (resource.kind !== 'Bridge') return [];
  const texts = resource.spec.addresses.map((text) => text.slice(0, text.indexOf('/')));
  return texts.flatMap((text, index) => {
    if (texts.indexOf(text) === index) return [];
    const message = `Duplicate value: the address '${text}' is given twice`;
    return [{ field: `spec.addresses[${index}]`, message }];
  });
}

/** Of two targets for one port, only one could be reached. */
function repeatedPorts({ resource }: Manifest): Complaint[] {
  if (resource.kind !== 'PortForward') return [];
  const { ports } = resource.spec;
  return ports.flatMap((port, index) => {
    const other = ports.slice(0, index).findIndex((earlier) => sharesPort(earlier, port));
    if (other < 0) return [];
    const { protocol, port: first, endPort = first } = port;
    const what = first === endPort ? `port ${first}` : `some port of ${first} to ${endPort}`;
    const message = `Duplicate value: ${what} of ${protocol} is in spec.ports[${other}] too`;
    return [{ field: `spec.ports[${index}]`, message }];
  });
}

type ForwardedPort = PortForward['spec']['ports'][number];

function sharesPort(one: ForwardedPort, other: ForwardedPort): boolean {
  const [oneEnd, otherEnd] = [one.endPort ?? one.port, other.endPort ?? other.port];
  return one.protocol === other.protocol && one.port <= otherEnd && other.port <= oneEnd;
}

function networksOf({ resource }: Manifest): Network[] {
  if (resource.kind !== 'Bridge') return [];
  return resource.spec.addresses.map((text, index) => ({
    field: `spec.addresses[${index}]`,
    network: networkOf(parseCidr(text)!),
    text,
  }));
}
