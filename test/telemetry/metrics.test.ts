import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import { ObjectStore } from '../../src/engine/object-store.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { makeAllReady, manifests } from '../server/fixture.ts';

/** The value of a series as it is exported; `undefined` where it is not. */
async function valueOf(metrics: { text(): Promise<string> }, series: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Section 5 of the contract: name, type, labels. */
const CONTRACT: readonly (readonly [string, string, readonly string[]])[] = [
  ['lxcnet_build_info', 'gauge', ['version', 'revision', 'node_version']],
  ['lxcnet_reconcile_total', 'counter', ['kind', 'result']],
  ['lxcnet_reconcile_errors_total', 'counter', ['kind']],
  ['lxcnet_batch_duration_seconds', 'histogram', ['phase']],
  ['lxcnet_batch_operations_total', 'counter', ['kind', 'op']],
  ['lxcnet_drift_detected_total', 'counter', ['kind']],
  ['lxcnet_drift_heal_seconds', 'histogram', []],
  ['lxcnet_resource_ready', 'gauge', ['kind', 'namespace', 'name']],
  ['lxcnet_resource_stalled', 'gauge', ['kind', 'namespace', 'name']],
  ['lxcnet_resources', 'gauge', ['kind', 'status']],
  ['lxcnet_source_files', 'gauge', []],
  ['lxcnet_source_invalid_files', 'gauge', []],
  ['lxcnet_source_last_success_timestamp_seconds', 'gauge', []],
  ['lxcnet_source_missed_changes_total', 'counter', []],
  ['lxcnet_prune_total', 'counter', ['kind']],
  ['lxcnet_prune_blocked_total', 'counter', ['reason']],
  ['lxcnet_orphans', 'gauge', []],
  ['lxcnet_kernel_command_duration_seconds', 'histogram', ['tool']],
  ['lxcnet_kernel_command_failures_total', 'counter', ['tool', 'code']],
  ['lxcnet_monitor_events_total', 'counter', ['group']],
  ['lxcnet_monitor_restarts_total', 'counter', ['group']],
  ['lxcnet_link_receive_bytes_total', 'counter', ['namespace', 'link']],
  ['lxcnet_link_receive_packets_total', 'counter', ['namespace', 'link']],
  ['lxcnet_link_transmit_bytes_total', 'counter', ['namespace', 'link']],
  ['lxcnet_link_transmit_packets_total', 'counter', ['namespace', 'link']],
  ['lxcnet_policy_allowed_packets_total', 'counter', ['namespace', 'policy', 'direction']],
  ['lxcnet_policy_denied_packets_total', 'counter', ['namespace', 'link', 'direction']],
  ['lxcnet_port_forward_connections_total', 'counter', ['namespace', 'name']],
  ['lxcnet_spoofed_packets_total', 'counter', ['namespace', 'link']],
  ['lxcnet_git_sync_total', 'counter', ['result']],
  ['lxcnet_git_last_success_timestamp_seconds', 'gauge', []],
  ['lxcnet_source_revision_info', 'gauge', ['revision']],
  ['workqueue_depth', 'gauge', ['name', 'controller', 'priority']],
  ['workqueue_adds_total', 'counter', ['name', 'controller']],
  ['workqueue_queue_duration_seconds', 'histogram', ['name', 'controller']],
  ['workqueue_work_duration_seconds', 'histogram', ['name', 'controller']],
  ['workqueue_unfinished_work_seconds', 'gauge', ['name', 'controller']],
  ['workqueue_longest_running_processor_seconds', 'gauge', ['name', 'controller']],
  ['workqueue_retries_total', 'counter', ['name', 'controller']],
];

/** What the contract has as a condition or as a field only. */
const BESIDE = [
  'lxcnet_bandwidth_dropped_packets_total',
  'lxcnet_resource_contested',
  'lxcnet_source_held_back',
];

/** Metrics with at least one series of each family. */
function usedMetrics() {
  const metrics = createMetrics();
  const objects = new ObjectStore({ now: () => new Date() });
  objects.setManifests(manifests({ kind: 'Bridge', name: 'br0' }, { kind: 'Link', name: 'vm1' }));
  makeAllReady(objects);
  metrics.observeObjects(objects.list());
  metrics.setBuildInfo({ version: '0.1.0', revision: 'abc' });
  metrics.setSourceRevision('sha256:1');
  const link = { namespace: 'default', link: 'vm1' };
  metrics.count('lxcnet_link_receive_bytes_total', link, 'a', 1000);
  metrics.count('lxcnet_link_receive_packets_total', link, 'b', 10);
  metrics.count('lxcnet_link_transmit_bytes_total', link, 'c', 2000);
  metrics.count('lxcnet_link_transmit_packets_total', link, 'd', 20);
  metrics.count('lxcnet_spoofed_packets_total', link, 'e', 0);
  metrics.count('lxcnet_bandwidth_dropped_packets_total', { ...link, direction: 'egress' }, 'i', 6);
  metrics.count('lxcnet_policy_denied_packets_total', { ...link, direction: 'ingress' }, 'f', 3);
  metrics.count(
    'lxcnet_policy_allowed_packets_total',
    { namespace: 'default', policy: 'mail', direction: 'egress' },
    'g',
    4,
  );
  metrics.count('lxcnet_port_forward_connections_total', { namespace: 'default', name: 'http' }, 'h', 5);
  return { metrics, objects };
}

describe('the contract', () => {
  it.each(CONTRACT)('has %s, a %s with the labels %j', async (name, type, labels) => {
    const text = await usedMetrics().metrics.text();
    expect(text).toContain(`# TYPE ${name} ${type}\n`);
    const series = text.split('\n').find((line) => new RegExp(`^${name}(_count)?[{ ]`).test(line))!;
    const found = [...series.matchAll(/[{,](\w+)="/g)].map((match) => match[1]);
    expect(found.toSorted()).toEqual([...labels].toSorted());
  });

  it('has no lxcnet or workqueue metric beside it', async () => {
    const text = await usedMetrics().metrics.text();
    const names = [...text.matchAll(/^# TYPE ((?:lxcnet|workqueue)_\w+)/gm)].map((match) => match[1]!);
    expect(names.toSorted()).toEqual([...CONTRACT.map(([name]) => name), ...BESIDE].toSorted());
  });

  it('starts the series of closed sets of labels at 0', async () => {
    const metrics = createMetrics();
    for (const series of [
      'lxcnet_reconcile_total{kind="Link",result="success"}',
      'lxcnet_batch_operations_total{kind="Bridge",op="delete"}',
      'lxcnet_prune_blocked_total{reason="threshold"}',
      'lxcnet_prune_blocked_total{reason="empty_source"}',
      'lxcnet_prune_blocked_total{reason="unreadable_source"}',
      'lxcnet_resources{kind="NetworkPolicy",status="Failed"}',
      'lxcnet_batch_duration_seconds_count{phase="verify"}',
      'lxcnet_git_sync_total{result="error"}',
      'workqueue_depth{name="lxcnet",controller="lxcnet",priority="-100"}',
    ]) {
      expect([series, await valueOf(metrics, series)]).toEqual([series, 0]);
    }
  });

  it('has at most twelve buckets in a histogram', async () => {
    const text = await usedMetrics().metrics.text();
    const counts = new Map<string, number>();
    for (const [line] of text.matchAll(/^(?:lxcnet|workqueue)_\w+_bucket\{.*\}/gm)) {
      if (line.includes('le="+Inf"')) continue;
      const series = line.replace(/le="[^"]*",?/, '');
      counts.set(series, (counts.get(series) ?? 0) + 1);
    }
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(12);
  });

  const promtool = spawnSync('promtool', ['--version']).status === 0;
  it.skipIf(!promtool)(
    `is clean for promtool${promtool ? '' : ' (skipped: promtool is not installed)'}`,
    async () => {
      const check = spawnSync('promtool', ['check', 'metrics'], {
        input: await usedMetrics().metrics.text(),
        encoding: 'utf8',
      });
      expect(check).toMatchObject({ status: 0, stdout: '', stderr: '' });
    },
  );
});

describe('counters from the kernel', () => {
  const link = { namespace: 'default', link: 'vm1' };
  const series = 'lxcnet_link_receive_bytes_total{namespace="default",link="vm1"}';

  it('export what the kernel counted', async () => {
    const metrics = createMetrics();
    metrics.count('lxcnet_link_receive_bytes_total', link, 'a', 1000);
    metrics.count('lxcnet_link_receive_bytes_total', link, 'a', 1500);
    expect(await valueOf(metrics, series)).toBe(1500);
  });

  it('go on where the kernel began anew', async () => {
    const metrics = createMetrics();
    for (const value of [1000, 300, 400]) metrics.count('lxcnet_link_receive_bytes_total', link, 'a', value);
    expect(await valueOf(metrics, series)).toBe(1400);
  });

  it('keep the directions apart', async () => {
    const metrics = createMetrics();
    for (const [direction, value] of [
      ['ingress', 7],
      ['egress', 3],
      ['ingress', 8],
    ] as const) {
      metrics.count('lxcnet_policy_denied_packets_total', { ...link, direction }, direction, value);
    }
    const name = 'lxcnet_policy_denied_packets_total{namespace="default",link="vm1"';
    expect(await valueOf(metrics, `${name},direction="ingress"}`)).toBe(8);
    expect(await valueOf(metrics, `${name},direction="egress"}`)).toBe(3);
  });

  it('add up their sources, of which each goes on for itself', async () => {
    const metrics = createMetrics();
    const read = (sources: Readonly<Record<string, number>>): void => {
      for (const [source, value] of Object.entries(sources))
        metrics.count('lxcnet_link_receive_bytes_total', link, source, value);
      metrics.endReading();
    };
    read({ a: 100, b: 50 });
    read({ a: 101 }); // b was deleted
    expect(await valueOf(metrics, series)).toBe(151);
    read({ a: 101, b: 60 }); // and made anew
    expect(await valueOf(metrics, series)).toBe(211);
    read({ a: 1, b: 61 }); // a began anew
    expect(await valueOf(metrics, series)).toBe(213);
  });

  it('are not counted again where another object takes over what counts', async () => {
    const metrics = createMetrics();
    metrics.count('lxcnet_link_receive_bytes_total', link, 'a', 100);
    metrics.endReading();
    metrics.count('lxcnet_link_receive_bytes_total', { ...link, link: 'vm2' }, 'a', 101);
    expect(await valueOf(metrics, series.replace('vm1', 'vm2'))).toBe(1);
  });

  it.each([
    ['with the same kernel what was counted meanwhile is added', true, 130],
    ['after a reboot everything is new', false, 220],
  ])('outlive the daemon: %s', async (_, sameBoot, expected) => {
    const metrics = createMetrics();
    metrics.count('lxcnet_link_receive_bytes_total', link, 'a', 100);
    metrics.endReading();
    const successor = createMetrics();
    successor.restoreCounters(JSON.parse(JSON.stringify(metrics.savedCounters())) as never, sameBoot);
    // A daemon that ends before it has seen the series keeps it for the next.
    const next = createMetrics();
    next.restoreCounters(successor.savedCounters(), sameBoot);
    next.count('lxcnet_link_receive_bytes_total', link, 'a', sameBoot ? 130 : 120);
    expect(await valueOf(next, series)).toBe(expected);
  });

  it.each([NaN, -1, Infinity])('ignore %d', async (value) => {
    const metrics = createMetrics();
    metrics.count('lxcnet_link_receive_bytes_total', link, 'a', value);
    expect(await valueOf(metrics, series)).toBeUndefined();
  });

  it('go with their object, and begin anew with its successor', async () => {
    const { metrics } = usedMetrics();
    metrics.forget('Link/default/vm1' as Key);
    expect(await metrics.text()).not.toContain('link="vm1"');
    expect(await metrics.text()).toContain('lxcnet_policy_allowed_packets_total{');
    metrics.count('lxcnet_link_receive_bytes_total', link, 'its successor', 5);
    expect(await valueOf(metrics, series)).toBe(5);
  });
});

describe('observeObjects', () => {
  it('tells readiness per object and words per kind', async () => {
    const { metrics, objects } = usedMetrics();
    objects.setConditions('Link/default/vm1' as Key, [
      { type: 'Ready', status: 'False', reason: 'NameConflict', message: '' },
      { type: 'Stalled', status: 'True', reason: 'NameConflict', message: '' },
    ]);
    metrics.observeObjects(objects.list());
    const vm1 = '{kind="Link",namespace="default",name="vm1"}';
    expect(await valueOf(metrics, `lxcnet_resource_ready${vm1}`)).toBe(0);
    expect(await valueOf(metrics, `lxcnet_resource_stalled${vm1}`)).toBe(1);
    expect(await valueOf(metrics, 'lxcnet_resource_ready{kind="Bridge",namespace="",name="br0"}')).toBe(1);
    expect(await valueOf(metrics, 'lxcnet_resources{kind="Link",status="Failed"}')).toBe(1);
    expect(await valueOf(metrics, 'lxcnet_resources{kind="Link",status="Current"}')).toBe(0);
  });

  it('drops the series of objects that are gone', async () => {
    const { metrics } = usedMetrics();
    metrics.observeObjects([]);
    expect(await metrics.text()).not.toContain('lxcnet_resource_ready{');
    expect(await valueOf(metrics, 'lxcnet_resources{kind="Link",status="Current"}')).toBe(0);
  });

  it('does not call a Namespace, which has nothing in the kernel, unready', async () => {
    const metrics = createMetrics();
    const objects = new ObjectStore({ now: () => new Date() });
    objects.setManifests(manifests({ kind: 'Namespace', name: 'lab' }));
    metrics.observeObjects(objects.list());
    expect(await metrics.text()).not.toContain('lxcnet_resource_ready{');
    expect(await valueOf(metrics, 'lxcnet_resources{kind="Namespace",status="Current"}')).toBe(1);
  });
});

describe('the work queue', () => {
  it('is read at the scrape', async () => {
    const metrics = createMetrics();
    let depth = new Map([[-10, 3]]);
    metrics.readQueueWith(() => ({ depth, unfinishedSeconds: 2, longestRunningSeconds: 1.5 }));
    const series = 'workqueue_depth{name="lxcnet",controller="lxcnet",priority="-10"}';
    expect(await valueOf(metrics, series)).toBe(3);
    depth = new Map();
    expect(await valueOf(metrics, series)).toBe(0);
    const labels = '{name="lxcnet",controller="lxcnet"}';
    expect(await valueOf(metrics, `workqueue_longest_running_processor_seconds${labels}`)).toBe(1.5);
  });
});

describe('info metrics', () => {
  it('have one series', async () => {
    const metrics = createMetrics();
    metrics.setSourceRevision('sha256:1');
    metrics.setSourceRevision('sha256:2');
    expect((await metrics.text()).match(/^lxcnet_source_revision_info\{/gm)).toHaveLength(1);
  });
});
