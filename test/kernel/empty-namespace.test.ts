import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyNamespace } from '../../src/kernel/empty-namespace.ts';
import { namespaceIdentity } from '../../src/kernel/namespace-identity.ts';
import { Lab } from '../support/lab.ts';
import type { NetNs } from '../support/netns.ts';

describe('a namespace that is looked at from outside', () => {
  let lab: Lab;
  let netns: NetNs;
  let path: string;
  beforeEach(() => {
    lab = new Lab();
    netns = lab.container('vm1');
    const sleep = lab.follow(['ip', 'netns', 'exec', netns.name, 'sleep', '60']);
    path = `/proc/${sleep.pid}/ns/net`;
  });
  afterEach(() => lab[Symbol.asyncDispose]());

  it('has nothing while there is only its loopback', async () => {
    const identity = namespaceIdentity(`/run/netns/${netns.name}`)!;
    await lab.eventually('it is in there', () => namespaceIdentity(path) === identity);
    expect(emptyNamespace(path, identity)).toEqual({ interfaces: new Map(), routes: [], proxies: new Set() });
    // It is another one, or nothing is known of it from outside.
    expect(emptyNamespace(path, '1:2')).toBeUndefined();
    expect(emptyNamespace(`/run/netns/${netns.name}`, identity)).toBeUndefined();
    netns.exec('ip', 'link', 'add', 'lo0', 'type', 'bridge');
    expect(emptyNamespace(path, identity)).toBeUndefined();
  });
});
