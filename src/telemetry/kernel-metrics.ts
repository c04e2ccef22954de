import type { Instruments } from './instruments.ts';

const TOOLS = ['ip', 'nft', 'sysctl', 'conntrack'] as const;
/** The programs and interfaces through which the kernel is changed and read. */
type KernelTool = (typeof TOOLS)[number];

const FAILURE_CODES = [
  'exists',
  'not_found',
  'denied',
  'unsupported',
  'invalid',
  'timeout',
  'other',
] as const;
/** A closed set, never the tool's own words. */
type FailureCode = (typeof FAILURE_CODES)[number];

const GROUPS = ['link', 'address', 'route', 'rule', 'nsid', 'nft'] as const;
/** What a monitor tells of. */
type MonitorGroup = (typeof GROUPS)[number];

/** Metrics of the kernel room: commands and monitors. */
export interface KernelMetrics {
  observeKernelCommand(tool: KernelTool, seconds: number): void;
  kernelCommandFailed(tool: KernelTool, code: FailureCode): void;
  monitorEvents(group: MonitorGroup, count?: number): void;
  monitorRestarted(group: MonitorGroup): void;
}

const COMMAND_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30];

/** Makes the kernel room's metrics. */
export function createKernelMetrics({ counter, histogram }: Instruments): KernelMetrics {
  const durations = histogram(
    'lxcnet_kernel_command_duration_seconds',
    'How long commands to the kernel take.',
    COMMAND_BUCKETS,
    ['tool'],
  );
  const failures = counter('lxcnet_kernel_command_failures_total', 'Commands that the kernel refused.', [
    'tool',
    'code',
  ]);
  const events = counter('lxcnet_monitor_events_total', 'Events that the kernel sent.', ['group']);
  const restarts = counter('lxcnet_monitor_restarts_total', 'Monitors started again.', ['group']);

  for (const tool of TOOLS) {
    durations.start({ tool });
    for (const code of FAILURE_CODES) failures.inc({ tool, code }, 0);
  }
  for (const group of GROUPS) {
    events.inc({ group }, 0);
    restarts.inc({ group }, 0);
  }
  return {
    observeKernelCommand: (tool, seconds) => durations.observe({ tool }, seconds),
    kernelCommandFailed: (tool, code) => failures.inc({ tool, code }),
    monitorEvents: (group, count) => events.inc({ group }, count),
    monitorRestarted: (group) => restarts.inc({ group }),
  };
}
