import type { NamedSet } from '../kernel/observed.ts';
import type { NetlinkMessage, NetlinkReply } from '../rtnetlink/answer.ts';
import { FLAGS, type NetlinkRequest } from '../rtnetlink/message.ts';
import { type Family, NFGENMSG, TYPES, aboutTable } from './message.ts';
import { elementQueries, readElements } from './set-elements.ts';

/* Whether a part of the filter is in the kernel; what it costs to ask does not depend on how much else is there. */

/** The part of the filter that a container must not be without. */
export interface ExpectedFilter {
  readonly families: readonly Family[];
  /** The chain that only the tables of this layout have. */
  readonly layout: string;
  /** How many rules each chain has, by `FAMILY CHAIN`. */
  readonly chains: Readonly<Record<string, number>>;
  readonly elements: readonly ExpectedElements[];
}

/** Elements of one set: key → value, in nft's syntax; the value is empty for plain sets. */
export interface ExpectedElements {
  readonly set: NamedSet;
  readonly values: ReadonlyMap<string, string>;
}

const CHAIN_NAME = 3;
const RULE_CHAIN = 2;

/** Something to ask the kernel, and what is missing by its answers. */
interface Question {
  readonly requests: readonly NetlinkRequest[];
  /**
   * The first thing that is missing, in words; nothing where all is as it should be.
   *
   * @param replies One for each request, in the same order.
   * @throws {RangeError} Where there is an element of a kind that is not read here.
   */
  missing(replies: readonly NetlinkReply[]): string | undefined;
}

/** How to find out whether all of this is in the kernel. @throws {RangeError} Where an element is none that its set can have. */
export function presenceOf(expected: ExpectedFilter): Question {
  const parts = questions(expected);
  return {
    requests: parts.flatMap(({ requests }) => requests),
    missing(replies) {
      let at = 0;
      for (const { requests, missing } of parts) {
        const answers = replies.slice(at, (at += requests.length));
        const words = answers.length < requests.length ? UNANSWERED : missing(answers);
        if (words !== undefined) return words;
      }
      return undefined;
    },
  };
}

function questions({ families, layout, chains, elements }: ExpectedFilter): Question[] {
  return [
    ...families.map((family) =>
      thereIs(aboutTable(TYPES.getTable, 0, family), `the table ${family} lxcnet is not there`),
    ),
    ...families.map((family) =>
      thereIs(
        aboutTable(TYPES.getChain, 0, family, { [CHAIN_NAME]: layout }),
        `the table ${family} lxcnet is that of another version of lxcnet, or is not whole: it has no chain ${layout}`,
      ),
    ),
    ...families.map((family) => rulesOf(family, chains)),
    ...elements.map(elementsOf),
  ];
}

function thereIs(request: NetlinkRequest, words: string): Question {
  return {
    requests: [request],
    missing: ([reply]) => (reply?.refusal?.errno === ENOENT ? words : unreadable(reply)),
  };
}

function rulesOf(family: Family, chains: ExpectedFilter['chains']): Question {
  return {
    requests: [aboutTable(TYPES.getRule, FLAGS.dump, family)],
    missing([reply]) {
      const problem = unreadable(reply);
      if (problem !== undefined) return problem;
      const sizes = rulesByChain(reply?.answer.messages ?? []);
      const wrong = Object.entries(chains).find(
        ([name, size]) => name.startsWith(`${family} `) && size !== (sizes.get(chainOf(name)) ?? 0),
      );
      if (!wrong) return undefined;
      const chain = chainOf(wrong[0]);
      return `the chain ${chain} of table ${family} lxcnet has ${sizes.get(chain) ?? 0} rules, not ${wrong[1]}`;
    },
  };
}

function chainOf(name: string): string {
  return name.slice(name.indexOf(' ') + 1);
}

function rulesByChain(messages: readonly NetlinkMessage[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { type, body } of messages) {
    if (type !== TYPES.newRule) continue;
    const place = body.find(RULE_CHAIN, { start: NFGENMSG, end: body.bytes.length });
    const chain = place ? body.slice(place.start, place.end).text() : '';
    sizes.set(chain, (sizes.get(chain) ?? 0) + 1);
  }
  return sizes;
}

function elementsOf({ set, values }: ExpectedElements): Question {
  return {
    requests: elementQueries(set, [...values.keys()]),
    missing(replies) {
      const found = new Map<string, string>();
      for (const { answer } of replies)
        for (const [key, value] of readElements(answer.messages, set)) found.set(key, value);
      for (const [key, value] of values) {
        const there = found.get(key);
        if (there === value) continue;
        const what = `${key.replaceAll('"', '')} in ${set.name} of table ${set.family} lxcnet`;
        if (there !== undefined) return `${what} is ${there}, not ${value}`;
        return replies.map(unreadable).find((words) => words !== undefined) ?? `there is no ${what}`;
      }
      return undefined;
    },
  };
}

const ENOENT = 2;
const UNANSWERED = 'the filter cannot be looked at: there is no answer';

/** That there is no answer, in words; that something is not there is an answer. */
function unreadable(reply: NetlinkReply | undefined): string | undefined {
  if (!reply?.refusal || reply.refusal.errno === ENOENT) return undefined;
  return `the filter cannot be looked at: ${reply.refusal.words}`;
}
