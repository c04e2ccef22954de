import type { Key } from '../api/key.ts';
import { type Command, type Failure, type Operation, type Place, STAGES } from './command.ts';
import { batchErrors, renderIpCommand } from './ip.ts';
import type { ContainerView } from './observed.ts';
import { REPLACED, openNamespace } from './namespace-handle.ts';
import type { Resolvers } from './resolvers.ts';
import type { Shells } from './shell.ts';
import { writeSysctl } from './sysctl.ts';
import type { Visit, Visitor } from './visitor.ts';

const BATCH = 'ip -force -batch -';
/** A group that nothing else uses, for interfaces about to be deleted. */
const DOOMED_GROUP = '1990199';

type IpCommand = Extract<Command, { tool: 'ip' }>;
/** A command, and the operation that it belongs to. */
interface Step {
  readonly operation: Operation;
  readonly command: IpCommand;
}
type Refused = Map<Operation, string>;
/** What became of the operations; those of later stages than a failure of the same resource are in neither list. */
export interface Outcome {
  readonly done: readonly Operation[];
  readonly failures: readonly Failure[];
}
/** Told what a container looks like after its commands. */
type OnView = (container: Key, view: ContainerView) => void;

/** Carries out operations, stage by stage. */
export class Executor {
  readonly #shells: Shells;
  readonly #visitor: Visitor;
  readonly #resolvers: Pick<Resolvers, 'carryOut'>;

  constructor(shells: Shells, visitor: Visitor, resolvers: Pick<Resolvers, 'carryOut'>) {
    this.#shells = shells;
    this.#visitor = visitor;
    this.#resolvers = resolvers;
  }

  /**
   * A resource whose command failed takes no part in later stages; everything else goes on.
   *
   * @returns what was done, and what the kernel refused with its words.
   */
  async run(operations: readonly Operation[], onView: OnView): Promise<Outcome> {
    const refused: Refused = new Map();
    const tried: Operation[] = [];
    const failedKeys = new Set<Key>();
    for (const stage of STAGES) {
      const due = operations.filter(
        (operation) => operation.stage === stage && !failedKeys.has(operation.key),
      );
      if (due.length === 0) continue;
      await this.#runStage(due, refused, onView);
      tried.push(...due);
      for (const { key } of refused.keys()) failedKeys.add(key);
    }
    return {
      done: tried.filter((operation) => !refused.has(operation)),
      failures: [...refused].map(([operation, message]) => ({ operation, message })),
    };
  }

  async #runStage(operations: readonly Operation[], refused: Refused, onView: OnView): Promise<void> {
    const pairs = operations.flatMap((operation) =>
      operation.commands.map((command) => ({ operation, command })),
    );
    const host: Step[] = [];
    const inside = new Map<string, Step[]>();
    for (const { operation, command } of pairs) {
      const problem = await this.#begin(command);
      note(refused, operation, problem);
      if (command.tool !== 'ip' || problem !== undefined) continue;
      if (command.place === 'host') {
        host.push({ operation, command });
      } else {
        const { path } = command.place;
        inside.set(path, [...(inside.get(path) ?? []), { operation, command }]);
      }
    }
    if (host.length > 0) await this.#runHost(host, refused);
    await this.#runInside([...inside.values()], refused, onView);
  }

  /** Carries a command out, but for those of `ip`, which are put together. @returns what is wrong with it. */
  async #begin(command: Command): Promise<string | undefined> {
    switch (command.tool) {
      case 'ip':
        return problemWith(command);
      case 'sysctl':
        return writeSysctl(command.path, command.value);
      case 'dnsmasq':
        return this.#resolvers.carryOut(command);
    }
  }

  /** @param batches The commands for each container. */
  async #runInside(batches: readonly (readonly Step[])[], refused: Refused, onView: OnView): Promise<void> {
    const visits = batches.map((batch): Visit => {
      const { path, identity } = batch[0]!.command.place as Exclude<Place, 'host'>;
      return { path, identity, commands: batch.map(({ command }) => renderIpCommand(command.args)) };
    });
    const results = await this.#visitor.visit(visits);
    for (const [index, { result, view }] of results.entries()) {
      const batch = batches[index]!;
      const { container, path, identity } = batch[0]!.command.place as Exclude<Place, 'host'>;
      if (view) onView(container, { state: 'running', path, identity, view });
      const errors = batchErrors(result, batch.length);
      batch.forEach(({ operation, command }, line) =>
        note(refused, operation, isGone(command, errors[line]) ? undefined : errors[line]),
      );
    }
  }

  async #runHost(all: readonly Step[], refused: Refused): Promise<void> {
    using handles = new DisposableStack();
    const batch: Step[] = [];
    const lines: string[] = [];
    for (const step of all) {
      const { args, into } = step.command;
      const handle = into && openNamespace(into.path, into.identity);
      if (into && !handle) {
        note(refused, step.operation, REPLACED);
        continue;
      }
      batch.push(step);
      lines.push(renderIpCommand(handle ? [...args, 'netns', handles.use(handle).path] : args));
    }
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
    const result = await this.#shells.run(BATCH, input.map((line) => `${line}\n`).join(''));
    const errors = batchErrors(result, input.length);
    batch.forEach(({ operation, command }, index) => {
      const error = errors[index] ?? (grouped && isLinkDeletion(command) ? errors.at(-1) : undefined);
      note(refused, operation, isGone(command, error) ? undefined : error);
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

/** Somebody else was faster: what was to be deleted is not there any more. */
function isGone({ args }: IpCommand, error: string | undefined): boolean {
  return (
    args[1] === 'delete' &&
    /cannot find device|no such (process|file|device)|cannot assign requested address/i.test(error ?? '')
  );
}

/** The first error of an operation is the one that tells; what follows is its consequence. */
function note(refused: Refused, operation: Operation, error: string | undefined): void {
  if (error !== undefined && !refused.has(operation)) refused.set(operation, error);
}
