import { dumpYaml } from '../source/yaml.ts';
import { type Candidate, documentOf } from './candidate.ts';
import type { Comment } from './ledger.ts';

/** Characters that are no text, and those that turn its direction. */
const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]/gu;

/** The manifests as YAML, before them a comment for each line that was not carried over. */
export function renderManifests(candidates: readonly Candidate[], comments: readonly Comment[]): string {
  const head = comments.map(
    ({ file, line, text, reason }) => `# ${plain(file)}:${line}: ${plain(text)}  -- ${plain(reason)}\n`,
  );
  const documents = candidates.map((candidate) => dumpYaml(documentOf(candidate)));
  return [head.join(''), documents.join('---\n')].filter((part) => part !== '').join('');
}

/** One line, whatever the text is. */
function plain(text: string): string {
  return text.replace(UNPRINTABLE, ' ').trim();
}
