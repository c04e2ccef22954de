import type { Key } from '../api/key.ts';
import { type Command, type Failure, type Operation, STAGES } from './command.ts';
import { namespaceIdentity } from './containers.ts';
import { batchErrors, renderIpCommand } from './ip.ts';
import { enterNamespace } from './namespaces.ts';
import type { ContainerView } from './observed.ts';
import { StandbyProgram } from './standby.ts';
import { writeSysctl } from './sysctl.ts';

const BATCH_ARGUMENTS = ['-force', '-batch', '-'];
const CONTAINERS_AT_A_TIME = 8;
/** A group that nothing else uses, for interfaces about to be deleted. */
const DOOMED_GROUP = '1990199';

type IpCommand = Extract<Command, { tool: 'ip' }>;
type Refused = Map<Operation, string>;
/** Told what a container looks like after its commands. */
type OnView = (container: Key, view: ContainerView) => void;

/** Carries out operations, stage by stage. */
export class Executor {
  readonly #host = new StandbyProgram('ip', BATCH_ARGUMENTS);

  /**
   * A resource whose command failed takes no part in later stages; everything else goes on.
   *
   * @returns what the kernel refused, one failure per operation.
   */
  async run(operations: readonly Operation[], onView: OnView): Promise<Failure[]> {
    const refused: Refused = new Map();
    const failedKeys = new Set<Key>();
    for (const stage of STAGES) {
      const due = operations.filter(
        (operation) => operation.stage === stage && !failedKeys.has(operation.key),
      );
      if (due.length === 0) continue;
      await this.#runStage(due, refused, onView);
      for (const { key } of refused.keys()) failedKeys.add(key);
    }
    return [...refused].map(([operation, message]) => ({ operation, message }));
  }

  close(): void {
    this.#host.close();
  }

  async #runStage(operations: readonly Operation[], refused: Refused, onView: OnView): Promise<void> {
    const pairs = operations.flatMap((operation) =>
      operation.commands.map((command) => ({ operation, command })),
    );
    const host: { operation: Operation; command: IpCommand }[] = [];
    const inside = new Map<string, { operation: Operation; command: IpCommand }[]>();
    for (const { operation, command } of pairs) {
      const problem =
        command.tool === 'ip' ? problemWith(command) : await writeSysctl(command.path, command.value);
      note(refused, operation, problem);
      if (command.tool === 'sysctl' || problem !== undefined) continue;
      if (command.place === 'host') {
        host.push({ operation, command });
      } else {
        const { path } = command.place;
        inside.set(path, [...(inside.get(path) ?? []), { operation, command }]);
      }
    }
    if (host.length > 0) await this.#runHost(host, refused);
    const queue = [...inside];
    const worker = async (): Promise<void> => {
      for (let entry = queue.shift(); entry; entry = queue.shift())
        await runInside(entry[0], entry[1], refused, onView);
    };
    await Promise.all(Array.from({ length: Math.min(CONTAINERS_AT_A_TIME, queue.length) }, worker));
  }

  async #runHost(
    batch: readonly { operation: Operation; command: IpCommand }[],
    refused: Refused,
  ): Promise<void> {
    const lines = batch.map(({ command }) => renderIpCommand(command.args));
    const doomed = batch.filter(({ command }) => isLinkDeletion(command));
    const grouped = doomed.length > 1;
    // One by one each deletion waits for an RCU grace period, 16 ms and more; as a group they share one.
    const input = grouped
      ? [
          ...lines.map((line) =>
            line.replace(/^link delete dev (\S+)$/, `link set dev $1 group ${DOOMED_GROUP}`),
          ),
          `link delete group ${DOOMED_GROUP}`,
        ]
      : lines;
    const result = await this.#host.run(input.map((line) => `${line}\n`).join(''));
    const errors = batchErrors(result, input.length);
    batch.forEach(({ operation, command }, index) => {
      note(
        refused,
        operation,
        errors[index] ?? (grouped && isLinkDeletion(command) ? errors.at(-1) : undefined),
      );
    });
  }
}

/** Why a command cannot be written down; an interface of the kernel's may have a name that no batch can hold. */
function problemWith({ args }: IpCommand): string | undefined {
  try {
    renderIpCommand(args);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function isLinkDeletion({ args }: IpCommand): boolean {
  return args.length === 4 && args[0] === 'link' && args[1] === 'delete' && args[2] === 'dev';
}

async function runInside(
  path: string,
  batch: readonly { operation: Operation; command: IpCommand }[],
  refused: Refused,
  onView: OnView,
): Promise<void> {
  const place = batch[0]!.command.place;
  const identity = typeof place === 'string' ? '' : place.identity;
  if ((await namespaceIdentity(path)) !== identity) {
    for (const { operation } of batch) note(refused, operation, 'the container was replaced meanwhile');
    return;
  }
  const lines = batch.map(({ command }) => renderIpCommand(command.args));
  const { result, view } = await enterNamespace(path, lines);
  if (view && typeof place !== 'string') onView(place.container, { state: 'running', path, identity, view });
  const errors = batchErrors(result, lines.length);
  batch.forEach(({ operation }, index) => note(refused, operation, errors[index]));
}

/** The first error of an operation is the one that tells; what follows is its consequence. */
function note(refused: Refused, operation: Operation, error: string | undefined): void {
  if (error !== undefined && !refused.has(operation)) refused.set(operation, error);
}
