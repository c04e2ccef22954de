import { stat } from 'node:fs/promises';

/** Device and inode of a namespace, which no other namespace has while it exists. */
export async function namespaceIdentity(path: string): Promise<string | undefined> {
  try {
    const { dev, ino } = await stat(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
