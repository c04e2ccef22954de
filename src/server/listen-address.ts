import type { AddressInfo, Server } from 'node:net';

interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `HOST:PORT` or `[IPV6]:PORT`; port 0 lets the kernel choose.
 *
 * @throws {RangeError} For anything else.
 */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[(?<ipv6>[0-9A-Fa-f:.]+)\]|(?<host>[^:[\]\s]+)):(?<port>\d{1,5})$/.exec(text)?.groups;
  const host = match?.ipv6 ?? match?.host;
  const port = Number(match?.port);
  if (host !== undefined && port <= 65535) return { host, port };
  throw new RangeError(`Cannot read ${JSON.stringify(text)} as HOST:PORT`);
}

/** Where a server listens, as `HOST:PORT`. */
export function boundAddress(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
