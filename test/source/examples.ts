import { type ParsedFile, parseManifests } from '../../src/source/parse.ts';
import { formatFieldError } from '../../src/source/field-error.ts';

/* Documents of each kind, and what the parser says of a text. */

const OURS = 'lxcnet.dev/v1alpha1';

function documentOf(apiVersion: string, kind: string, name: string, spec: string): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
}

/** A Bridge whose `spec` stands on line 4, from column 7. */
export function bridge(spec = '{}', name = 'br0'): string {
  return documentOf(OURS, 'Bridge', name, spec);
}

/** A Link with its bridge and container; the fields follow them on line 4. */
export function link(fields = '', name = 'vm1'): string {
  const more = fields === '' ? '' : `, ${fields}`;
  return documentOf(OURS, 'Link', name, `{bridge: br0, container: {lxc: ${name}}${more}}`);
}

export function route(spec: string): string {
  return documentOf(OURS, 'Route', 'lab', spec);
}

export function portForward(spec: string): string {
  return documentOf(OURS, 'PortForward', 'web', spec);
}

export function networkPolicy(spec: string): string {
  return documentOf('networking.k8s.io/v1', 'NetworkPolicy', 'p', spec);
}

export function documents(...texts: readonly string[]): string {
  return texts.join('---\n');
}

/** The errors of a text, as users read them. */
export function errorsOf(text: string, file = 'a.yaml'): readonly string[] {
  return messagesOf(parseManifests(file, text));
}

export function messagesOf({ errors }: Pick<ParsedFile, 'errors'>): readonly string[] {
  return errors.map(formatFieldError);
}
