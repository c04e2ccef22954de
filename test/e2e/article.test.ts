import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { CLIENT, HOST } from '../support/lab-network.ts';
import { LxcContainer } from '../support/lxc.ts';

const FIXTURES = join(import.meta.dirname, '../import/fixtures');
const SERVER = `import http.server, os
os.chdir('/dev')
http.server.HTTPServer(('', 80), http.server.SimpleHTTPRequestHandler).serve_forever()
`;

it.each([
  ['lxcnet makes the pair', []],
  ['LXC makes the pair', ['--veth']],
])("the old how-to's two files, imported, serve a page from a real container: %s", async (_, flags) => {
  await using lab = new Lab();
  const lxcPath = join(lab.directory, 'lxc');
  const imported = lab.cli('import', join(FIXTURES, 'lxc.conf'), join(FIXTURES, 'network.sh'));
  expect(imported.status, imported.stderr).toBe(0);
  // The container is in a directory of the test's, not in /var/lib/lxc.
  lab.write(
    'imported.yaml',
    imported.stdout.replace('    lxc: vm1\n', `    lxc: vm1\n    lxcPath: ${lxcPath}\n`),
  );
  const lines = lab.cli('lxc-config', 'vm1', '--manifests', lab.manifests, ...flags);
  expect(lines.status, lines.stderr).toBe(0);
  using container = new LxcContainer(lab, lines.stdout.trim().split('\n'));
  await lab.start();
  container.write('server.py', SERVER);
  container.start('/usr/bin/python3 /server.py &');
  await lab.ready();
  await lab.client.serve(80);
  const get = [
    '/usr/bin/python3',
    '-c',
    `import urllib.request as u; print(u.urlopen('http://${HOST}/', timeout=2).status)`,
  ];
  await lab.eventually('the page is served', () => lab.client.run(get).stdout === '200\n');
  // From outside only the web server, from inside no new connections; the container's own end is as it was.
  expect(await lab.client.probe(HOST, 81)).toMatchObject({ failure: 'refused' });
  expect(await lab.client.probe('10.10.20.10', 81)).toMatchObject({ failure: 'timeout' });
  const out = `import socket; socket.create_connection(('${CLIENT}', 80), 1); print('ok')`;
  expect(container.run('/usr/bin/python3', '-c', out)).toBe('');
  expect(container.run('ip', 'link')).toContain('00:11:22:33:44:55');
  expect(container.run('ip', 'route')).toContain('default via 10.10.20.1 dev eth0');
});
