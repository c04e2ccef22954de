import { describe, expect, it } from 'vitest';
import type { Key } from '../../src/api/key.ts';
import {
  kindArgument,
  notFoundMessage,
  resourceArgument,
  resourceName,
} from '../../src/cli/resource-argument.ts';

describe('resourceArgument', () => {
  it.each([
    ['link/vm1', 'Link/default/vm1'],
    ['LINKS/vm1', 'Link/default/vm1'],
    ['Link/lab/vm1', 'Link/lab/vm1'],
    ['br/br0', 'Bridge/br0'],
    ['pf/http', 'PortForward/default/http'],
    ['ns/lab', 'Namespace/lab'],
  ])('reads %s as %s', (text, key) => {
    expect(resourceArgument(text, 'default')).toBe(key);
  });

  it('takes the given namespace where the argument has none', () => {
    expect(resourceArgument('link/vm1', 'lab')).toBe('Link/lab/vm1');
  });

  it.each(['link', 'link/', 'link//vm1', 'link/a/b/c', 'bridge/default/br0'])('refuses %j', (text) => {
    expect(() => resourceArgument(text, 'default')).toThrow('KIND/NAME');
  });
});

describe('kindArgument', () => {
  it('says which kinds there are', () => {
    expect(() => kindArgument('pod')).toThrow(
      'the server doesn\'t have a resource type "pod"; there are: namespaces or ns, bridges or br, links, ' +
        'routes or rt, portforwards or pf, networkpolicies or netpol',
    );
  });
});

describe('names in output', () => {
  it('are lower case, with the namespace where it is not the default', () => {
    expect(resourceName('Link/default/vm1' as Key)).toBe('link/vm1');
    expect(resourceName('Link/lab/vm1' as Key)).toBe('link/lab/vm1');
    expect(resourceName('Bridge/br0' as Key)).toBe('bridge/br0');
  });

  it('are qualified where something does not exist, as kubectl has it', () => {
    expect(notFoundMessage('NetworkPolicy/default/a' as Key)).toBe(
      'Error from server (NotFound): networkpolicies.networking.k8s.io "a" not found',
    );
    expect(notFoundMessage('Namespace/a' as Key)).toBe(
      'Error from server (NotFound): namespaces "a" not found',
    );
  });
});
