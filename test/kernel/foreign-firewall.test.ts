import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, HOST } from '../support/lab-network.ts';
import type { NetNs } from '../support/netns.ts';
import { bridge, forward, link, policy } from '../support/manifests.ts';

const EVERYWHERE = ['0.0.0.0/0', '::/0'].map((cidr) => ({ ipBlock: { cidr } }));
const WEB = policy('web', 'vm1', {
  policyTypes: ['Egress'],
  egress: [{ to: EVERYWHERE, ports: [{ port: 443 }] }],
});

/** A host with a forward to vm1, which may use the web; all is ready and works. */
async function site(): Promise<{ lab: Lab; vm1: NetNs }> {
  const lab = new Lab();
  const vm1 = lab.container('vm1');
  lab.host.exec('ip', 'route', 'add', 'default', 'via', CLIENT);
  lab.write(
    'a.yaml',
    bridge('br0', { masquerade: {} }),
    link('vm1', vm1.name, 10),
    link('vm2', lab.container('vm2').name, 11),
    forward('http', 'vm1', [{ port: 80 }]),
    WEB,
  );
  await lab.start();
  await lab.ready();
  await vm1.serve(80);
  await lab.client.serve(443);
  await works(lab, vm1);
  expect(await problem(lab, 'pf', 'http')).toBeUndefined();
  return { lab, vm1 };
}

async function works(lab: Lab, vm1: NetNs): Promise<void> {
  expect(await lab.client.probe(HOST, 80)).toMatchObject({ server: 'vm1' });
  expect(await vm1.probe(CLIENT, 443)).toMatchObject({ server: 'client' });
}

const problem = async (lab: Lab, kind: string, name: string) =>
  await lab.condition(kind, name, 'ForeignFirewall');

/** The commands that the conditions of these resources give as remedies; each of the form `…; remedy: COMMAND`. */
async function remedies(lab: Lab): Promise<string[]> {
  const messages = [await problem(lab, 'link', 'vm1'), await problem(lab, 'pf', 'http')].map(
    (one) => one?.message ?? '',
  );
  return messages.flatMap((text) =>
    [...text.matchAll(/remedy: (.*?)(?=\. table|$)/g)].map((found) => found[1]!),
  );
}

async function untilSaid(lab: Lab, ...words: readonly string[]): Promise<void> {
  for (const [kind, name] of [
    ['link', 'vm1'],
    ['pf', 'http'],
  ] as const) {
    const message = await lab.eventually(
      `${kind} says so`,
      async () => (await problem(lab, kind, name))?.message,
    );
    for (const word of words) expect(message).toContain(word);
  }
  expect((await lab.condition('link', 'vm1'))?.status).toBe('True');
  expect(await problem(lab, 'link', 'vm2')).toBeUndefined();
}

it("docker's FORWARD policy is named with its remedy, which helps, and nothing of docker's is touched", async () => {
  const { lab: made, vm1 } = await site();
  await using lab = made;
  const docker = `table ip filter {
    chain DOCKER-USER { return; }
    chain DOCKER { iifname != "docker0" oifname "docker0" drop; }
    chain FORWARD { type filter hook forward priority 0; policy drop; jump DOCKER-USER; jump DOCKER; iifname "docker0" accept; }
  }`.replaceAll('; }', ';\n}');
  lab.host.run(['nft', '-f', '-'], docker);
  const listed = lab.host.exec('nft', 'list', 'table', 'ip', 'filter');
  await untilSaid(lab, 'table ip filter, chain FORWARD (policy drop) drops TCP', 'DOCKER-USER');
  expect(lab.cli('events').stdout).toMatch(/ForeignFirewall .*PortForward.*http/i);
  expect(await lab.client.probe(HOST, 80)).toHaveProperty('failure');
  expect(lab.host.exec('nft', 'list', 'table', 'ip', 'filter')).toBe(listed);
  for (const remedy of new Set(await remedies(lab)))
    lab.host.exec('sh', '-c', remedy.replace('iptables', 'iptables-nft'));
  await lab.eventually(
    'nothing is wrong any more',
    async () => !(await problem(lab, 'pf', 'http')) && !(await problem(lab, 'link', 'vm1')),
  );
  await works(lab, vm1);
});

it("ufw's routed policy is named with its remedy, which helps", async () => {
  const { lab: made, vm1 } = await site();
  await using lab = made;
  const files = `${lab.directory}/ufw`;
  // ufw keeps its rules in the machine's files: here it sees copies.
  const inside = (command: string): string =>
    lab.host.exec(
      'unshare',
      '-m',
      'sh',
      '-ec',
      `
      [ -d ${files} ] || { cp -a /etc/ufw ${files}; sed 's/^IPT_SYSCTL.*/IPT_SYSCTL=/' /etc/default/ufw > ${files}/default; }
      mount --bind ${files} /etc/ufw; mount --bind ${files}/default /etc/default/ufw; mount -t tmpfs none /run
      ${command}`,
    );
  inside('ufw --force enable');
  await untilSaid(lab, '(policy drop)', 'ufw route allow ');
  expect(await lab.client.probe(HOST, 80)).toHaveProperty('failure');
  for (const remedy of new Set(await remedies(lab))) inside(remedy);
  await lab.eventually(
    'nothing is wrong any more',
    async () => !(await problem(lab, 'pf', 'http')) && !(await problem(lab, 'link', 'vm1')),
  );
  await works(lab, vm1);
});

it("firewalld's zones are named with their remedy, which helps", async () => {
  const { lab: made, vm1 } = await site();
  await using lab = made;
  const files = `${lab.directory}/firewalld`;
  const bus = `<busconfig><type>system</type><listen>unix:path=/run/bus</listen><auth>EXTERNAL</auth><policy context="default">
    <allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>`;
  const firewalld = lab.follow([
    'unshare',
    '-m',
    'sh',
    '-c',
    `
      cp -a /etc/firewalld ${files}; echo '${bus}' > ${files}/bus.conf; mount -t tmpfs none /run
      export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/bus
      dbus-daemon --config-file=${files}/bus.conf --nofork & firewalld --nofork --nopid --system-config ${files} &
      while read -r line; do sh -c "$line"; echo "done $?"; done`,
  ]);
  let output = '';
  firewalld.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const inside = async (command: string): Promise<void> => {
    const before = output.split('done').length;
    firewalld.stdin!.write(`${command}\n`);
    await lab.eventually(command, () => output.split('done').length > before);
  };
  await inside('until firewall-cmd --state; do sleep 0.1; done');
  const message = await lab.eventually(
    'the link says so',
    async () => (await problem(lab, 'link', 'vm1'))?.message,
  );
  expect(message).toContain('table inet firewalld, chain filter_FORWARD drops TCP');
  expect(await vm1.probe(CLIENT, 443)).toHaveProperty('failure');
  // Its own rule accepts what was translated.
  expect(await problem(lab, 'pf', 'http')).toBeUndefined();
  expect(await lab.client.probe(HOST, 80)).toMatchObject({ server: 'vm1' });
  for (const remedy of new Set(await remedies(lab))) await inside(remedy);
  await lab.eventually('nothing is wrong any more', async () => !(await problem(lab, 'link', 'vm1')));
  await works(lab, vm1);
  firewalld.stdin!.end();
});

it("lxc-net's table is no problem, and stays as it is", async () => {
  const { lab: made, vm1 } = await site();
  await using lab = made;
  const table = `table inet lxc {
    chain input { type filter hook input priority 0; iifname "lxcbr0" udp dport { 53, 67 } accept
    }
    chain forward { type filter hook forward priority 0; iifname "lxcbr0" accept
      oifname "lxcbr0" accept
    }
  }`;
  lab.host.run(['nft', '-f', '-'], table);
  const listed = lab.host.exec('nft', 'list', 'table', 'inet', 'lxc');
  expect(lab.cli('reconcile').status).toBe(0);
  await works(lab, vm1);
  expect(await problem(lab, 'link', 'vm1')).toBeUndefined();
  expect(lab.host.exec('nft', 'list', 'table', 'inet', 'lxc')).toBe(listed);
});

it('a forward onto a port that the host itself listens on says so', async () => {
  await using lab = new Lab();
  const vm1 = lab.container('vm1');
  await lab.host.serve(80);
  lab.write('a.yaml', bridge('br0'), link('vm1', vm1.name, 10), forward('http', 'vm1', [{ port: 80 }]));
  await lab.start();
  await lab.ready();
  await lab.eventually('it says so', async () =>
    /the host itself listens on \S+:80\/TCP \(.*\), which clients of this forward do not reach/.test(
      (await lab.condition('pf', 'http'))?.message ?? '',
    ),
  );
  expect((await lab.condition('pf', 'http'))?.status).toBe('True');
  expect(lab.cli('events').stdout).toContain('PortInUse');
});
