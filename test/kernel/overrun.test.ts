import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { parseInterfaceEvent } from '../../src/kernel/monitor.ts';
import { NETFILTER_LISTENER, netfilterEvents } from '../../src/kernel/nft-monitor.ts';
import { Lab } from '../support/lab.ts';

/** Has a program read nothing while more events come than its buffer holds. @returns what it prints afterwards. */
async function overrun(lab: Lab, argv: readonly string[], cause: () => void): Promise<string> {
  const monitor = spawn('ip', ['netns', 'exec', lab.host.name, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  using _ = { [Symbol.dispose]: () => monitor.kill('SIGKILL') };
  let printed = '';
  for (const stream of [monitor.stdout, monitor.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const sockets = (): string => lab.host.exec('cat', '/proc/net/netlink');
  await lab.eventually('it listens', () => new RegExp(`^\\S+ +\\d+ +${monitor.pid} `, 'm').test(sockets()));
  monitor.kill('SIGSTOP');
  cause();
  monitor.kill('SIGCONT');
  await lab.eventually('it says so', () => /lost|buffer/.test(printed));
  return printed;
}

it('a netfilter monitor that has lost events says so', async () => {
  await using lab = new Lab();
  const { host } = lab;
  const printed = await overrun(lab, NETFILTER_LISTENER, () => {
    host.exec('nft', 'table inet t { set s { type ipv4_addr; }; }');
    for (let net = 0; net < 6; net++) {
      const elements = Array.from({ length: 60_000 }, (_, index) => `10.${net}.${index >> 8}.${index & 255}`);
      host.run(['nft', '-f', '-'], `add element inet t s { ${elements.join(', ')} }\n`);
    }
  });
  const parse = netfilterEvents();
  expect(printed.split('\n').flatMap(parse)).toContainEqual(
    expect.objectContaining({ part: 'unknown', monitor: 'nft' }),
  );
});

it('what ip monitor says where it has lost events is understood', async () => {
  await using lab = new Lab();
  const { host } = lab;
  const printed = await overrun(lab, ['ip', '-rc', '4096', '-o', 'monitor', 'link'], () => {
    for (let index = 0; index < 20; index++) host.exec('ip', 'link', 'add', `b${index}`, 'type', 'bridge');
  });
  const events = printed.split('\n').flatMap((line) => parseInterfaceEvent(line) ?? []);
  expect(events).toContainEqual(expect.objectContaining({ part: 'unknown', monitor: 'ip' }));
});
