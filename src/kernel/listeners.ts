import type { Listener } from './surroundings.ts';

const LINE =
  /^(?<protocol>tcp|udp)\s+\S+\s+\d+\s+\d+\s+(?<address>\S+):(?<port>\d+)\s+\S+(\s+users:\(\("(?<program>[^"]*)")?/;

/** Reads `ss -Hlntup`; a line of another shape is left out. */
export function parseListeners(text: string): Listener[] {
  return text.split('\n').flatMap((line) => {
    const { protocol, address = '', port, program } = LINE.exec(line)?.groups ?? {};
    if (protocol === undefined) return [];
    return [
      {
        protocol: protocol === 'tcp' ? 'TCP' : 'UDP',
        address: address.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, ''),
        port: Number(port),
        ...(program !== undefined && { program }),
      },
    ];
  });
}
