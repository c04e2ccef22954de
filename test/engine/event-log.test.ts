import { describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import { EventLog } from '../../src/engine/event-log.ts';

const KEY = 'Link/lab/vm1' as Key;
const DRAFT = { key: KEY, type: 'Normal', reason: 'LinkCreated', message: 'created veth vm1' } as const;

function eventLog() {
  let time = new Date('2026-11-24T12:00:00.7Z');
  const log = new EventLog({
    now: () => time,
    uid: () => '12345678-9abc-def0-1234-56789abcdef0',
    node: 'host1',
  });
  return { log, at: (text: string) => (time = new Date(text)) };
}

describe('EventLog', () => {
  it('records an event in the shape of Kubernetes', () => {
    const { log } = eventLog();
    log.record(DRAFT);
    expect(log.list()).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: {
          name: 'vm1.123456789abcdef0',
          namespace: 'lab',
          uid: '12345678-9abc-def0-1234-56789abcdef0',
          resourceVersion: '1',
        },
        involvedObject: { apiVersion: 'lxcnet.dev/v1alpha1', kind: 'Link', namespace: 'lab', name: 'vm1' },
        type: 'Normal',
        reason: 'LinkCreated',
        message: 'created veth vm1',
        source: { component: 'lxcnet' },
        count: 1,
        firstTimestamp: '2026-11-24T12:00:00Z',
        lastTimestamp: '2026-11-24T12:00:00Z',
      },
    ]);
  });

  it('counts repeats of the same object, reason and message in one, as the newest', () => {
    const { log, at } = eventLog();
    log.record(DRAFT);
    log.record({ ...DRAFT, message: 'another' });
    at('2026-11-24T12:05:00Z');
    log.record(DRAFT);
    expect(log.list().map(({ message, count }) => [message, count])).toEqual([
      ['another', 1],
      ['created veth vm1', 2],
    ]);
    expect(log.list()[1]).toMatchObject({
      firstTimestamp: '2026-11-24T12:00:00Z',
      lastTimestamp: '2026-11-24T12:05:00Z',
    });
  });

  it('names the resource by its uid where it has one', () => {
    const log = new EventLog({ now: () => new Date(), uidOf: (key) => (key === KEY ? 'uid-1' : undefined) });
    log.record(DRAFT);
    log.record({ ...DRAFT, key: 'Link/lab/vm2' as Key });
    expect(log.list().map(({ involvedObject }) => involvedObject.uid)).toEqual(['uid-1', undefined]);
  });

  it('keeps the newest thousand', () => {
    const { log } = eventLog();
    for (let index = 0; index < 1005; index++) log.record({ ...DRAFT, message: `number ${index}` });
    expect(log.list()).toHaveLength(1000);
    expect(log.list()[0]!.message).toBe('number 5');
  });

  it('tells what concerns no single resource of the host', () => {
    const { log } = eventLog();
    log.record({ type: 'Warning', reason: 'PruneBlocked', message: 'waits' });
    expect(log.list()[0]).toMatchObject({
      metadata: { namespace: 'default' },
      involvedObject: { kind: 'Node', name: 'host1' },
    });
  });

  it('announces every event, counted ones too', () => {
    const { log } = eventLog();
    const counts: number[] = [];
    log.added$.subscribe(({ count }) => counts.push(count));
    log.record(DRAFT);
    log.record(DRAFT);
    expect(counts).toEqual([1, 2]);
  });

  it('cuts a message at the length that Kubernetes allows', () => {
    const { log } = eventLog();
    log.record({ ...DRAFT, message: 'x'.repeat(5000) });
    expect(log.list()[0]!.message).toHaveLength(1024);
  });
});
