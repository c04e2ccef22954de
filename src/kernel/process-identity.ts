import { namespaceIdentity } from './namespace-identity.ts';
import { startOf } from './processes.ts';

/** A process, and the network namespace that it was seen in. */
export interface ProcessIdentity {
  readonly pid: number;
  /** As {@link namespaceIdentity} tells it. */
  readonly identity: string;
  readonly startedAt: string;
}

/** What a process id stands for now; `undefined` where there is no such process. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const identity = namespaceIdentity(`/proc/${pid}/ns/net`);
  const startedAt = startOf(pid);
  return identity === undefined || startedAt === undefined ? undefined : { pid, identity, startedAt };
}

/** Whether it is the same process as it was, in the same network namespace: process ids are used again. */
export function isStillThere({ pid, identity, startedAt }: ProcessIdentity): boolean {
  const now = identityOf(pid);
  return now?.identity === identity && now.startedAt === startedAt;
}
