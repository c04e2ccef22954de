import type { Facts } from './facts.ts';
import type { Ledger, SourceLine } from './ledger.ts';
import { type Outcome, readCommand } from './shell-commands.ts';
import { type ShellCommand, lexShell } from './shell-lexer.ts';
import { Variables } from './shell-variables.ts';

const OPENERS: Readonly<Record<string, string>> = {
  if: 'fi',
  for: 'done',
  while: 'done',
  until: 'done',
  select: 'done',
  case: 'esac',
  '{': '}',
  '(': ')',
};
const CLOSERS = new Set(Object.values(OPENERS));
/** Words that stand before a command. */
const LEADING = new Set(['then', 'else', 'elif', 'do', '!', 'time', 'sudo', 'exec', 'command']);
/** Programs that have nothing to do with networks, whatever their arguments are. */
const HARMLESS = new Set(
  '[ [[ test echo printf set exit return true false : sleep cd date logger shopt umask wait clear pwd id whoami unset break continue shift mkdir'.split(
    ' ',
  ),
);
const DECLARATIONS = new Set(['export', 'readonly', 'local', 'declare', 'typeset']);

interface Block {
  readonly closer: string;
  readonly command: ShellCommand;
  /** Whether it is in the account already. */
  told: boolean;
}

/** Reads the network commands of a shell script. Nothing is run, and no file that it names is read. */
export function readShellScript(file: string, text: string, facts: Facts, ledger: Ledger): void {
  new ScriptReader(file, facts, ledger).read(lexShell(text));
}

class ScriptReader {
  readonly #file: string;
  readonly #facts: Facts;
  readonly #ledger: Ledger;
  readonly #variables = new Variables();
  readonly #blocks: Block[] = [];
  #last: Outcome = 'done';
  #exit: number | undefined;

  constructor(file: string, facts: Facts, ledger: Ledger) {
    this.#file = file;
    this.#facts = facts;
    this.#ledger = ledger;
  }

  read(commands: readonly ShellCommand[]): void {
    for (let index = 0; index < commands.length;) {
      const first = commands[index]!;
      let end = index + 1;
      while (commands[end]?.after === '|') end++;
      const pipeline = commands.slice(index, end);
      index = end;
      const next = commands[end]?.text;
      const isWord = pipeline.every(({ words, redirects }) => words.length === 1 && redirects.length === 0);
      // The name of a function, and the pattern of a case.
      if (isWord && next === '(' && commands[end]?.line === first.line && commands[end + 1]?.text === ')')
        continue;
      if (isWord && next === ')' && this.#blocks.at(-1)?.closer === 'esac') continue;
      if (pipeline.length === 1) this.#last = this.#read(first);
      else this.#last = this.#readPipeline(pipeline);
    }
  }

  #readPipeline(pipeline: readonly ShellCommand[]): Outcome {
    const [first, second] = pipeline;
    // echo 1 | tee /proc/sys/…
    if (pipeline.length === 2 && firstWord(first!) === 'echo') {
      const words = second!.words.filter((word) => word[0]?.text !== 'sudo' && word[0]?.text !== '-a');
      if (words.length === 2 && words[0]![0]?.text === 'tee') {
        const redirects = [...first!.redirects, { operator: '>', target: words[1]! }];
        return this.#read({ ...first!, text: `${first!.text} | ${second!.text}`, redirects });
      }
    }
    if (pipeline.every((command) => this.#isHarmless(command, command.words))) return 'test';
    for (const command of pipeline) this.#wordsOf(command);
    const text = pipeline.map((command) => command.text).join(' | ');
    this.#comment({ ...first!, text }, 'a pipeline has to be run to know what it does', pipeline);
    return 'test';
  }

  #read(command: ShellCommand): Outcome {
    const words = this.#wordsOf(command);
    for (const { line, text } of command.bodies)
      if (text !== '' && !text.startsWith('#'))
        this.#comment(
          { ...command, line, text, bodies: [] },
          'handed on by the script: import it as a file of its own',
        );
    if (command.broken !== undefined) {
      this.#comment(command, command.broken);
      return 'test';
    }
    if (words.length === 0 && command.redirects.every(isInput)) return this.#last;
    if (this.#isHarmless(command, words)) {
      if (words[0]?.[0]?.text === 'exit' && this.#unconditional(command)) this.#exit ??= command.line;
      return /^(\[|\[\[|test|false)$/.test(words[0]?.[0]?.text ?? '') ? 'test' : 'done';
    }
    const why = this.#whyNot(command);
    if (this.#assign(words, why !== undefined)) return 'done';
    if (why !== undefined) {
      this.#comment(command, why);
      return 'test';
    }
    const expanded = this.#variables.expand(words);
    const redirects = command.redirects.map(({ operator, target }) => ({
      operator,
      target: this.#variables.expand([target]),
    }));
    const source = this.#enter(command);
    if (typeof expanded === 'string') {
      this.#ledger.comment(source, expanded);
      return 'test';
    }
    if (['source', '.', 'eval'].includes(expanded[0] ?? '')) this.#variables.forget();
    const targets = redirects.map(({ operator, target }) => ({
      operator,
      target: typeof target === 'string' ? '…' : target.join(' '),
    }));
    return readCommand(expanded, targets, source, this.#facts, this.#ledger);
  }

  /** The words without keywords before them; opens and closes blocks. */
  #wordsOf(command: ShellCommand): ShellCommand['words'] {
    let { words } = command;
    for (;;) {
      const keyword = plainWord(words[0]);
      if (keyword === undefined) return words;
      if (Object.hasOwn(OPENERS, keyword)) {
        this.#blocks.push({ closer: OPENERS[keyword]!, command, told: false });
        if (keyword === 'for' || keyword === 'select') this.#variables.forget(words[1]?.[0]?.text ?? '');
        if (['for', 'select', 'case', '('].includes(keyword)) return [];
      } else if (CLOSERS.has(keyword)) {
        const open = this.#blocks.findLastIndex(({ closer }) => closer === keyword);
        if (open >= 0) this.#blocks.splice(open);
      } else if (keyword === 'function') {
        return [];
      } else if (!LEADING.has(keyword)) return words;
      words = words.slice(1);
    }
  }

  #unconditional({ after }: ShellCommand): boolean {
    return this.#blocks.length === 0 && (after === '' || after === ';');
  }

  /** Why a command is not sure to be run. */
  #whyNot({ after }: ShellCommand): string | undefined {
    const block = this.#blocks.at(-1);
    if (block) {
      const { command } = block;
      return `within \`${shorten(command.text)}\` of line ${command.line}, which is not run here`;
    }
    if (this.#exit !== undefined) return `after the \`exit\` of line ${this.#exit}`;
    if (after === '||' && this.#last !== 'query') return 'run only where another command fails';
    if (after === '&&' && this.#last === 'test') return 'run only under a condition';
    return undefined;
  }

  /** Takes assignments. @returns whether the command is nothing else. */
  #assign(words: ShellCommand['words'], doubtful: boolean): boolean {
    const declares = DECLARATIONS.has(plainWord(words[0]) ?? '');
    const assignments = declares ? words.slice(1) : words;
    if (assignments.length === 0) return declares;
    const all = assignments.every((word) => isAssignment(word) || declares);
    if (!all) return false;
    if (
      assignments.some((word) => word.some(({ kind, text }) => kind === 'unknown' && /^(`|\$\()/.test(text)))
    ) {
      // What is run to find the value may do something else besides.
      for (const word of assignments) this.#variables.forget(word[0]?.text.split('=')[0] ?? '');
      return false;
    }
    for (const word of assignments) this.#variables.assign(word, doubtful);
    return true;
  }

  #isHarmless({ redirects }: ShellCommand, words: ShellCommand['words']): boolean {
    const name = plainWord(words[0]);
    if (name === undefined || !HARMLESS.has(name)) return false;
    const runs = (part: { kind: string; text: string }): boolean =>
      part.kind === 'unknown' && /^(`|\$\(|…)/.test(part.text);
    if (words.some((word) => word.some(runs))) return false;
    return redirects.every(
      (redirect) =>
        isInput(redirect) || redirect.operator.endsWith('&') || plainWord(redirect.target) === '/dev/null',
    );
  }

  /** @param told Commands that open blocks, and need not be told for that. */
  #comment(command: ShellCommand, reason: string, told: readonly ShellCommand[] = [command]): void {
    // Whoever is told was told with all that it is in.
    const first = this.#blocks.findLastIndex((block) => block.told) + 1;
    for (const block of this.#blocks.slice(first)) {
      block.told = true;
      if (!told.includes(block.command) && !['{', '('].includes(block.command.text))
        this.#ledger.comment(this.#enter(block.command), 'not run here');
    }
    this.#ledger.comment(this.#enter(command), reason);
  }

  #enter({ line, text }: ShellCommand): SourceLine {
    return this.#ledger.enter(this.#file, line, text);
  }
}

/** A word that is what it says. */
function plainWord(word: ShellCommand['words'][number] | undefined): string | undefined {
  const [part] = word ?? [];
  return word?.length === 1 && part?.kind === 'text' ? part.text : undefined;
}

function firstWord({ words }: ShellCommand): string | undefined {
  return plainWord(words[0]);
}

function isInput({ operator }: ShellCommand['redirects'][number]): boolean {
  return /<-?$/.test(operator);
}

function isAssignment([first]: ShellCommand['words'][number]): boolean {
  return first?.kind === 'text' && !first.quoted && /^[A-Za-z_]\w{0,63}=/.test(first.text);
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
