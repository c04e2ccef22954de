import { parseArgs } from 'node:util';
import { DEFAULT_DIRECTORIES } from './directories.ts';
import type { Hook, HookOptions } from './hook.ts';

/** By the names that LXC gives them. */
export const HOOKS: readonly Hook[] = ['pre-start', 'start-host', 'post-stop'];

/** As given on the command line. */
export type HookArguments = Omit<HookOptions, 'timeout'> & { readonly timeout?: string | undefined };

/** Fills in how long a hook waits where that is not given. */
export function hookOptions(
  which: Hook,
  { timeout = which === 'start-host' ? '30s' : '5s', ...options }: HookArguments,
): HookOptions {
  return { ...options, timeout };
}

/**
 * Reads the arguments of a hook that are plainly right. A hook holds up the start of a container, and loading Commander
 * takes longer than all that a hook does; what is not right is left to it, since it explains what is.
 *
 * @param argv What follows `lxcnet hook`: LXC appends arguments of its own.
 * @returns `undefined` where something is wrong, or help is wanted.
 */
export function readHookArguments(
  argv: readonly string[],
): { readonly which: Hook; readonly options: HookOptions } | undefined {
  const string = (name: keyof typeof DEFAULT_DIRECTORIES) =>
    ({ type: 'string', default: DEFAULT_DIRECTORIES[name] }) as const;
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        optional: { type: 'boolean', default: false },
        'on-daemon-down': { type: 'string', default: 'fail' },
        timeout: { type: 'string' },
        manifests: string('manifests'),
        'state-dir': string('stateDir'),
        'runtime-dir': string('runtimeDir'),
      },
    });
    const which = HOOKS.find((hook) => hook === positionals[0]);
    const { optional, timeout, manifests, 'on-daemon-down': onDaemonDown } = values;
    if (which === undefined || (onDaemonDown !== 'start' && onDaemonDown !== 'fail')) return undefined;
    const directories = { manifests, stateDir: values['state-dir'], runtimeDir: values['runtime-dir'] };
    return { which, options: hookOptions(which, { optional, onDaemonDown, timeout, ...directories }) };
  } catch {
    return undefined;
  }
}
