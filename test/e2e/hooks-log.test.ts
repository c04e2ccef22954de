import { expect, it } from 'vitest';
import { Lab } from '../support/lab.ts';
import { EMPTY, LxcContainer, hooks } from '../support/lxc.ts';
import { bridge } from '../support/manifests.ts';

it('why a container was not started is in its log at any log level, wherever that is set', async () => {
  await using lab = new Lab();
  lab.write('a.yaml', bridge('br0'));
  await lab.start();
  const levels = [
    ['FATAL', []],
    ['INFO', []],
    ['DEBUG', []],
    ['TRACE', []],
    // The command line wins, but a hook is told what the configuration says.
    ['ERROR', ['lxc.log.level = DEBUG']],
  ] as const;
  for (const [index, [level, further]] of levels.entries()) {
    const config = [...EMPTY, ...further, ...hooks(lab, ['pre-start'])];
    using container = new LxcContainer(lab, config, `vm${index}`, [], level);
    expect(container.execute('/bin/true').status).not.toBe(0);
    const line = `ERROR    hook - lxcnet hook pre-start: container vm${index}: not started: no Link has`;
    expect(container.logged(), `${level} ${further.join()}`).toContain(line);
  }
});
