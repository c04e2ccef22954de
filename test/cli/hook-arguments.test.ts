import { describe, expect, it } from 'vitest';
import { readHookArguments } from '../../src/cli/hook-arguments.ts';

describe('the arguments of a hook', () => {
  it('are those that LXC gives, and have the defaults of the reference', () => {
    expect(readHookArguments(['start-host', 'vm1', 'lxc', 'start-host'])).toEqual({
      which: 'start-host',
      options: {
        optional: false,
        onDaemonDown: 'fail',
        timeout: '30s',
        manifests: '/etc/lxcnet.d',
        stateDir: '/var/lib/lxcnet',
        runtimeDir: '/run/lxcnet',
      },
    });
    expect(readHookArguments(['pre-start'])?.options.timeout).toBe('5s');
  });

  it('may be given before and after its name', () => {
    const options = ['--on-daemon-down=start', '--timeout', '3s', '--manifests', '/m', '--state-dir=/s'];
    expect(readHookArguments(['--optional', 'post-stop', ...options, '--runtime-dir', '/r', 'vm1'])).toEqual({
      which: 'post-stop',
      options: {
        optional: true,
        onDaemonDown: 'start',
        timeout: '3s',
        manifests: '/m',
        stateDir: '/s',
        runtimeDir: '/r',
      },
    });
  });

  it.each([[], ['pre-strt'], ['pre-start', '--optinal'], ['pre-start', '--on-daemon-down=maybe']])(
    'are left to Commander where they are wrong: %j',
    (...argv) => {
      expect(readHookArguments(argv)).toBeUndefined();
    },
  );

  it.each([['--help'], ['pre-start', '-h'], ['pre-start', '--timeout']])(
    'are left to Commander where help is wanted or needed: %j',
    (...argv) => {
      expect(readHookArguments(argv)).toBeUndefined();
    },
  );
});
