import type { Key } from '../api/key.ts';
import { type Command, type Failure, type Operation, type Place, STAGES } from './command.ts';
import { carryOut } from './ip.ts';
import type { ContainerView } from './observed.ts';
import { REPLACED, openNamespace } from './namespace-handle.ts';
import type { Netlink } from './netlink.ts';
import type { Resolvers } from './resolvers.ts';
import { writeSysctl } from './sysctl.ts';
import type { Visit, Visitor } from './visitor.ts';

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
  readonly #netlink: Netlink;
  readonly #visitor: Visitor;
  readonly #resolvers: Pick<Resolvers, 'carryOut'>;

  constructor(netlink: Netlink, visitor: Visitor, resolvers: Pick<Resolvers, 'carryOut'>) {
    this.#netlink = netlink;
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
      if (command.tool !== 'ip') {
        note(refused, operation, await this.#begin(command));
      } else if (command.place === 'host') {
        host.push({ operation, command });
      } else {
        const { path } = command.place;
        inside.set(path, [...(inside.get(path) ?? []), { operation, command }]);
      }
    }
    if (host.length > 0) await this.#runHost(host, refused);
    await this.#runInside([...inside.values()], refused, onView);
  }

  /** Carries out what is no command of `ip`; those are put together. @returns what is wrong with it. */
  async #begin(command: Exclude<Command, IpCommand>): Promise<string | undefined> {
    switch (command.tool) {
      case 'sysctl':
        return writeSysctl(command.path, command.value);
      case 'dnsmasq':
        return this.#resolvers.carryOut(command);
    }
  }

  /** @param batches The commands for each container. */
  async #runInside(batches: readonly (readonly Step[])[], refused: Refused, onView: OnView): Promise<void> {
    const visits = batches.map((batch): Visit => {
      const { path, identity, cookie } = batch[0]!.command.place as Exclude<Place, 'host'>;
      return { path, identity, cookie, commands: batch.map(({ command: { args } }) => ({ args })) };
    });
    const results = await this.#visitor.visit(visits);
    for (const [index, { errors, seen }] of results.entries()) {
      const batch = batches[index]!;
      const { container, path, identity } = batch[0]!.command.place as Exclude<Place, 'host'>;
      if ('view' in seen) onView(container, { state: 'running', path, identity, ...seen });
      batch.forEach(({ operation }, line) => note(refused, operation, errors[line]));
    }
  }

  async #runHost(all: readonly Step[], refused: Refused): Promise<void> {
    using handles = new DisposableStack();
    const batch: Step[] = [];
    const commands: { readonly args: readonly string[]; readonly into?: string }[] = [];
    for (const step of all) {
      const { args, into } = step.command;
      const handle = into && openNamespace(into.path, into.identity);
      if (into && !handle) {
        note(refused, step.operation, REPLACED);
        continue;
      }
      batch.push(step);
      commands.push({ args, ...(handle && { into: handles.use(handle).path }) });
    }
    const doomed = batch.filter(({ command }) => isLinkDeletion(command));
    const grouped = doomed.length > 1;
    // One by one each deletion waits for an RCU grace period, 16 ms and more; as a group they share one.
    const { errors } = await carryOut(
      this.#netlink,
      grouped
        ? [
            ...batch.map(({ command }, index) =>
              isLinkDeletion(command) ? doom(command) : commands[index]!,
            ),
            { args: ['link', 'delete', 'group', DOOMED_GROUP] },
          ]
        : commands,
    );
    batch.forEach(({ operation, command }, index) => {
      const error = errors[index] ?? (grouped && isLinkDeletion(command) ? errors.at(-1) : undefined);
      note(refused, operation, error);
    });
  }
}

function isLinkDeletion({ args }: IpCommand): boolean {
  return args.length === 4 && args[0] === 'link' && args[1] === 'delete' && args[2] === 'dev';
}

/** What is done first with an interface that is to be deleted together with others. */
function doom({ args }: IpCommand): { args: readonly string[] } {
  return { args: ['link', 'set', 'dev', args[3]!, 'group', DOOMED_GROUP] };
}

/** The first error of an operation is the one that tells; what follows is its consequence. */
function note(refused: Refused, operation: Operation, error: string | undefined): void {
  if (error !== undefined && !refused.has(operation)) refused.set(operation, error);
}
