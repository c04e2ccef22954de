import { describe, expect, it } from 'vitest';
import { NOTHING_TO_DO, type Plan, conflict, resolved, unresolved } from '../../controllers/plan.ts';
import type { Key } from '../../src/api/key.ts';
import type { Manifest } from '../../src/api/resource.ts';
import { verdictOf } from '../../src/engine/conditions.ts';
import type { PassResult } from '../../src/engine/pass.ts';
import type { Operation, Stage } from '../../src/kernel/command.ts';
import { manifests } from '../server/fixture.ts';

const operation: Operation = {
  key: 'Link/default/vm1' as Key,
  stage: 'configure',
  verb: 'update',
  object: 'interface lx-vm1',
  field: 'mtu',
  from: '1400',
  to: '1500',
  commands: [{ tool: 'ip', place: 'host', args: ['link'] }],
};

interface Scene {
  readonly plan?: Plan;
  readonly failure?: string;
  readonly stage?: Stage;
  readonly netfilterError?: string;
  readonly refusal?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly invalid?: readonly string[];
  readonly kind?: 'Link' | 'Route';
}

function verdict({ plan = NOTHING_TO_DO, kind = 'Link', ...scene }: Scene) {
  const inputs = { kind, name: 'vm1', ...(scene.annotations && { annotations: scene.annotations }) };
  const [wanted] = [...manifests(inputs).values()] as [Manifest];
  const pass = {
    plan: { plans: new Map([[wanted.key, plan]]), notes: new Map(), foreignDrops: new Map() },
    failures: new Map(
      scene.failure === undefined
        ? []
        : [
            [
              wanted.key,
              {
                operation: { ...operation, ...(scene.stage && { stage: scene.stage }) },
                message: scene.failure,
              },
            ],
          ],
    ),
    refusals: new Map(
      scene.refusal === undefined
        ? []
        : [[wanted.key, { object: 'netfilter: macs { "lx-vm1" }', words: scene.refusal }]],
    ),
    ...(scene.netfilterError !== undefined && { netfilterError: scene.netfilterError }),
  } as unknown as PassResult;
  const invalid = scene.invalid?.map((message) => ({ message }) as never);
  const { conditions, result, retry } = verdictOf(wanted, pass, invalid);
  return {
    result,
    retry,
    texts: conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`),
    message: conditions[0]!.message,
  };
}

describe('a bridge whose dnsmasq does not start', () => {
  it('is not ready, and nothing else of it waits for the next attempt', () => {
    expect(verdict({ failure: 'no memory', stage: 'resolve' })).toMatchObject({
      retry: false,
      texts: ['Ready=False ReconciliationFailed', 'Reconciling=True ProgressingWithRetry'],
    });
  });
});

describe('a resource', () => {
  it('with nothing left to do is ready', () => {
    expect(verdict({ plan: { operations: [], references: resolved('there') } })).toEqual({
      result: 'success',
      retry: false,
      texts: ['Ready=True ReconciliationSucceeded', 'ReferencesResolved=True Resolved'],
      message: 'Link/vm1 is in the kernel as specified',
    });
  });

  it('for which only the inventory has to follow is ready', () => {
    expect(verdict({ plan: { operations: [{ ...operation, commands: [] }] } }).result).toBe('success');
  });

  it('with something in the way is stalled, and not tried again by itself', () => {
    expect(verdict({ plan: { operations: [], obstacle: conflict('br0 is there') } })).toEqual({
      result: 'terminal',
      retry: false,
      texts: ['Ready=False NameConflict', 'Stalled=True NameConflict'],
      message: 'br0 is there',
    });
  });

  it('whose reference is missing waits', () => {
    expect(verdict({ plan: unresolved('NotFound', 'no br0') })).toEqual({
      result: 'blocked',
      retry: false,
      texts: ['Ready=False NotFound', 'ReferencesResolved=False NotFound'],
      message: 'no br0',
    });
  });

  it('whose command failed is tried again', () => {
    expect(verdict({ failure: 'File exists' })).toEqual({
      result: 'error',
      retry: true,
      texts: ['Ready=False ReconciliationFailed', 'Reconciling=True ProgressingWithRetry'],
      message: 'interface lx-vm1: File exists',
    });
  });

  it.each([
    ['Operation not permitted', 'PermissionDenied'],
    ['Permission denied', 'PermissionDenied'],
    ['Operation not supported', 'UnsupportedByKernel'],
    ['Unknown device type.', 'UnsupportedByKernel'],
  ])('that the kernel answers "%s" is stalled, and tried again seldom', (failure, reason) => {
    const { texts, result, retry } = verdict({ failure });
    expect(texts).toEqual([`Ready=False ${reason}`, `Stalled=True ${reason}`]);
    expect([result, retry]).toEqual(['terminal', true]);
  });

  it('that the kernel does not keep is told with what it has instead', () => {
    const { message, result } = verdict({ plan: { operations: [operation] } });
    expect(message).toBe("interface lx-vm1: the kernel does not keep it: mtu is '1400', not '1500'");
    expect(result).toBe('error');
  });

  it('without its filter is not ready, unless it needs none', () => {
    expect(verdict({ netfilterError: 'syntax error' })).toMatchObject({
      result: 'error',
      message: 'netfilter: syntax error',
    });
    expect(verdict({ netfilterError: 'syntax error', kind: 'Route' }).result).toBe('success');
  });

  it('of whose filter a part is refused says which, whatever else is in the way', () => {
    const plan: Plan = { operations: [], obstacle: conflict('x') };
    expect(verdict({ plan, refusal: 'No space left on device' })).toMatchObject({
      texts: ['Ready=False ReconciliationFailed', 'Reconciling=True ProgressingWithRetry'],
      message: 'netfilter: macs { "lx-vm1" }: No space left on device',
      retry: true,
    });
  });

  it('whose newest manifest is invalid is stalled, whatever else there is', () => {
    const { texts, message } = verdict({
      invalid: ['spec.mtu: must be a number', 'spec.x: unknown field'],
      failure: 'File exists',
      annotations: { 'lxcnet.dev/reconcile': 'disabled' },
    });
    expect(texts).toEqual(['Ready=False InvalidSpec', 'Stalled=True InvalidSpec']);
    expect(message).toBe(
      'spec.mtu: must be a number; spec.x: unknown field; the last good version stays in force',
    );
  });

  it('that is suspended is in no known state', () => {
    const { texts, result } = verdict({
      annotations: { 'lxcnet.dev/reconcile': 'disabled' },
      netfilterError: 'syntax error',
    });
    expect([texts, result]).toEqual([['Ready=Unknown Suspended'], 'blocked']);
  });

  it('that failed and has something in the way is told by the failure, while it may still get better', () => {
    const plan: Plan = { operations: [], obstacle: { reason: 'NotFound', message: 'x', stalled: false } };
    expect(verdict({ plan, failure: 'File exists' }).texts[0]).toBe('Ready=False ReconciliationFailed');
    expect(verdict({ plan: { operations: [], obstacle: conflict('x') }, failure: 'y' }).texts[0]).toBe(
      'Ready=False NameConflict',
    );
  });
});
