import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crossCheck } from '../../src/source/cross-check.ts';
import { parseManifests } from '../../src/source/parse.ts';
import { bridge, portForward } from './examples.ts';

/** What only shows once a manifest is valid as such: field and message of each error. */
function complaintsAbout(text: string): readonly string[] {
  const { manifests, errors } = parseManifests('a.yaml', text);
  expect(errors).toEqual([]);
  return crossCheck(manifests).errors.map(({ path, message }) => `${path}: ${message}`);
}

const forwarded = (...ports: readonly object[]): string =>
  portForward(JSON.stringify({ link: { name: 'vm1' }, ports }));

describe('the addresses of a Bridge', () => {
  it('may not be given twice, in whatever form and with whatever prefix length', () => {
    expect(
      complaintsAbout(bridge('{addresses: [10.0.0.1/24, 10.0.0.1/16, "fd00::1/64", "FD00:0::1/48"]}')),
    ).toEqual([
      "spec.addresses[1]: Duplicate value: the address '10.0.0.1' is given twice",
      "spec.addresses[3]: Duplicate value: the address 'fd00::1' is given twice",
    ]);
  });

  it('may be several of one network', () => {
    expect(complaintsAbout(bridge('{addresses: [10.0.0.1/24, 10.0.0.2/24, 10.0.0.11/24]}'))).toEqual([]);
  });
});

describe('the ports of a PortForward', () => {
  it.each([
    [[{ port: 80 }, { port: 80, targetPort: 8080 }], 'port 80 of TCP is in spec.ports[0] too'],
    [[{ port: 80, endPort: 90 }, { port: 90 }], 'port 90 of TCP is in spec.ports[0] too'],
    [[{ port: 80 }, { port: 79, endPort: 81 }], 'some port of 79 to 81 of TCP is in spec.ports[0] too'],
  ])('may not be given twice: %j', (ports, message) => {
    expect(complaintsAbout(forwarded(...ports))).toEqual([`spec.ports[1]: Duplicate value: ${message}`]);
  });

  it('may have the same number for two protocols, and stand side by side', () => {
    const ports = [
      { port: 80, endPort: 89 },
      { port: 90 },
      { protocol: 'UDP', port: 80 },
      { protocol: 'SCTP', port: 80 },
    ];
    expect(complaintsAbout(forwarded(...ports))).toEqual([]);
  });

  it('are refused exactly where two ranges share a port', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(6));
    fc.assert(
      fc.property(range, range, ([one, oneLength], [other, otherLength]) => {
        const numbers = (first: number, length: number): number[] =>
          Array.from({ length: length + 1 }, (_, index) => first + index);
        const shared = numbers(one, oneLength).some((port) => numbers(other, otherLength).includes(port));
        const ports = [
          { port: one, endPort: one + oneLength },
          { port: other, endPort: other + otherLength },
        ];
        expect(complaintsAbout(forwarded(...ports))).toHaveLength(shared ? 1 : 0);
      }),
    );
  });
});
