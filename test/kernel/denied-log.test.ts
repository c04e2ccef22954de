import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT } from '../support/lab-network.ts';
import { bridge, link, policy } from '../support/manifests.ts';

/** Binds to an nfnetlink log group, says `ready`, and prints the prefix of each packet that is logged. */
const READER = `
import re, socket, struct
def message(command, value, group):
    body = struct.pack('!BBH', 0, 0, group) + struct.pack('=HH', 4 + len(value), command) + value
    body += b'\\0' * (-len(body) % 4)
    return struct.pack('=IHHII', 16 + len(body), (4 << 8) | 1, 5, 0, 0) + body
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.bind((0, 0))
s.send(message(1, b'\\x01', 199)); s.recv(65536)
s.send(message(5, struct.pack('!I', 1), 199)); s.recv(65536) # each packet at once
s.send(message(2, struct.pack('!IBx', 65535, 2), 199)); s.recv(65536)
print('ready', flush=True)
while True:
    data = s.recv(65536)
    for text in re.findall(rb'lxcnet denied [^\\0]*', data): print(text.decode(), flush=True)
`;

it('what is denied is logged for the Links that ask for it, and not more often than the limit', async () => {
  await using lab = new Lab();
  const [vm1, vm2, vm3] = [lab.container('vm1'), lab.container('vm2'), lab.container('vm3')];
  const annotations = { 'lxcnet.dev/log-denied': 'true' };
  const loud = link('vm1', vm1.name, 10, {}, { annotations });
  const talker = policy('talker', 'vm2', { policyTypes: ['Egress'], egress: [{}] });
  lab.write('a.yaml', bridge('br0'), loud, link('vm2', vm2.name, 11), link('vm3', vm3.name, 12), talker);
  await lab.start();
  await lab.ready();
  const reader = lab.follow(['python3', '-c', READER]);
  let text = '';
  reader.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await lab.eventually('the reader listens', () => text.includes('ready'));
  const lines = (): string[] => text.split('\n').filter((line) => line.startsWith('lxcnet denied'));

  await vm3.probe(CLIENT, 80, 'UDP', 50);
  await vm1.probe(CLIENT, 80, 'UDP', 50);
  await vm2.probe('10.10.20.10', 80, 'UDP', 50);
  await lab.eventually('both directions are logged', () => new Set(lines()).size === 2, 3_000);
  expect(lines().toSorted()).toEqual(['lxcnet denied egress: ', 'lxcnet denied ingress: ']);

  const flood = Array.from({ length: 200 }, () => vm1.probe(CLIENT, 81, 'UDP', 300));
  await Promise.all(flood);
  expect(lines().length).toBeGreaterThan(8);
  expect(lines().length).toBeLessThan(40);
});
