/*
 * The daemon holds little and makes much garbage. Left alone, V8 and the C library keep several times what is in use, since
 * that is a little faster; on a host full of containers memory is what is short.
 */

/** V8 collects earlier and more thoroughly. The first flag alone would make the young generation too small, see the second. */
const NODE_FLAGS = ['--optimize-for-size', '--max-semi-space-size=4', '--heap-growing-percent=20'];
/** One arena, and buffers from 64 KiB on mapped on their own, so that they are given back when they are free. */
const ALLOCATOR = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_TRIM_THRESHOLD_: '131072',
};

/** Starts this program anew as the same process, with less appetite, unless that was done or somebody chose otherwise. */
export function becomeSmall(): void {
  const { argv, env, execArgv, execPath, execve } = process;
  const chosen = `${execArgv.join(' ')} ${env.NODE_OPTIONS ?? ''}`;
  if (!execve || NODE_FLAGS.some((flag) => chosen.includes(flag.split('=')[0]!))) return;
  execve.call(process, execPath, [execPath, ...execArgv, ...NODE_FLAGS, ...argv.slice(1)], {
    ...ALLOCATOR,
    ...(env as Record<string, string>),
  });
}
