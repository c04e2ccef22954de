import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const RULES = join(import.meta.dirname, '../../deploy/prometheus');
const present = spawnSync('promtool', ['--version']).status === 0;
if (!present) console.log('skipped: promtool is not installed, so the alerts are not tested');

it.runIf(present)('the alerts fire when they should, and not when they should not', () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'lxcnet.rules.test.yaml'], {
    cwd: RULES,
    encoding: 'utf8',
  });
  expect(status, stdout + stderr).toBe(0);
});
