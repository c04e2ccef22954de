import { z } from 'zod';
import { formatAddress, formatCidr, networkOf, parseAddress, parseCidr } from './address.ts';

/*
 * The scalar values that manifests are made of. Each refuses whatever could leave its place in a command line or an
 * nft transaction; the renderers refuse the same again.
 */

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** RFC 1123 label: names of resources and namespaces. */
export const dnsLabel = z
  .string()
  .max(63, 'must be no more than 63 characters')
  .regex(
    DNS_LABEL,
    "must consist of lower case letters, digits or '-', and start and end with a letter or digit",
  );

/** RFC 1123 subdomain: names of resources, which may contain dots. */
export const dnsSubdomain = z
  .string()
  .max(253, 'must be no more than 253 characters')
  .refine(
    (text) => text.split('.').every((label) => DNS_LABEL.test(label)),
    "must consist of lower case letters, digits, '-' or '.', and start and end with a letter or digit",
  );

/** The name of a network interface, as the kernel accepts it, without the characters that programs give a meaning. */
export const interfaceName = z
  .string()
  .min(1, 'must not be empty')
  .max(15, 'must be no more than 15 bytes')
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/,
    "must consist of letters, digits, '_', '-' or '.', and not start with '-' or '.'",
  )
  .refine((text) => !['all', 'default', 'lo', 'any', 'none'].includes(text), 'must not be a reserved name');

/** A unicast MAC address; lower case after parsing. */
export const macAddress = z
  .string()
  .regex(
    /^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$/,
    "must be six hexadecimal octets with colons, for example '02:00:00:00:00:01'",
  )
  .transform((text) => text.toLowerCase())
  .refine(
    (text) => (parseInt(text.slice(0, 2), 16) & 1) === 0,
    'must be a unicast address (the first octet must be even)',
  )
  .refine((text) => text !== '00:00:00:00:00:00', 'must not be all zeros');

/** One IPv4 or IPv6 address, in canonical form after parsing. */
export const ipAddress = z.string().transform((text, context) => {
  const address = parseAddress(text);
  if (address) return formatAddress(address);
  context.addIssue({
    code: 'custom',
    message: "must be an IPv4 or IPv6 address, for example '10.10.20.1' or 'fd00:20::1'",
  });
  return z.NEVER;
});

/** The address of an interface with its prefix length; host bits are kept. */
export const interfaceAddress = z.string().transform((text, context) => {
  const cidr = parseCidr(text);
  const multicast = cidr && (cidr.family === 4 ? cidr.value >> 28n === 0xen : cidr.value >> 120n === 0xffn);
  const local =
    cidr &&
    (cidr.family === 4
      ? cidr.value >> 24n === 127n || cidr.value >> 16n === 0xa9fen
      : cidr.value >> 118n === 0x3fan || cidr.value === 1n);
  if (cidr && !multicast && !local && cidr.value !== 0n) return formatCidr(cidr);
  const message = multicast
    ? 'must not be a multicast address'
    : local
      ? 'must not be a loopback or link-local address'
      : "must be an address with its prefix length, for example '10.10.20.10/24' or 'fd00:20::10/64'";
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/** A network in canonical form; host bits must be zero, as in Kubernetes. */
export const networkCidr = z.string().transform((text, context) => {
  const cidr = parseCidr(text);
  if (!cidr) {
    context.addIssue({
      code: 'custom',
      message: "must be a network, for example '10.9.0.0/16' or 'fd00:9::/48'",
    });
    return z.NEVER;
  }
  const network = networkOf(cidr);
  if (network.value === cidr.value) return formatCidr(network);
  context.addIssue({
    code: 'custom',
    message: `must not have host bits set: the network is '${formatCidr(network)}'`,
  });
  return z.NEVER;
});

export const portNumber = z
  .number()
  .int('must be a whole number')
  .min(1, 'must be between 1 and 65535')
  .max(65535, 'must be between 1 and 65535');

/** A port's name (RFC 6335), as NetworkPolicies refer to it. */
export const portName = z
  .string()
  .max(15, 'must be no more than 15 characters')
  .regex(
    /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/,
    "must consist of lower case letters, digits or single '-', with at least one letter",
  );

export const protocol = z.enum(['TCP', 'UDP', 'SCTP']);
export type Protocol = z.output<typeof protocol>;

export const mtu = z
  .number()
  .int('must be a whole number')
  .min(68, 'must be between 68 and 65535')
  .max(65535, 'must be between 68 and 65535');

const LABEL_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;

/** A label's or annotation's key: an optional DNS prefix, a slash, a name. */
export const qualifiedName = z.string().refine((text) => {
  const slash = text.indexOf('/');
  const name = text.slice(slash + 1);
  return LABEL_NAME.test(name) && (slash < 0 || dnsSubdomain.safeParse(text.slice(0, slash)).success);
}, "must be a name of letters, digits, '-', '_' or '.', at most 63 characters, with an optional DNS prefix and '/'");

export const labelValue = z
  .string()
  .refine(
    (text) => text === '' || LABEL_NAME.test(text),
    "must be at most 63 letters, digits, '-', '_' or '.', and start and end with a letter or digit",
  );
