/** A statement of an nft file: its words, and what follows it. */
export interface NftStatement {
  readonly line: number;
  readonly words: readonly string[];
  readonly end: '{' | '}' | ';';
}

/** Words of one statement; a set with more is not one that a person wrote. */
const MOST_WORDS = 2000;

/** Takes a ruleset apart. Blocks open with the statement before their brace; the braces of sets are words. Never throws. */
export function lexNft(text: string): readonly NftStatement[] {
  const statements: NftStatement[] = [];
  const token = /[ \t\r\f\v]+|#[^\n]*|"[^"\n]*"?|\\\n|[\n;{},]|[^\s;{},"#\\]+|\\/gy;
  let words: string[] = [];
  let line = 1;
  let start = 1;
  let sets = 0;
  const end = (how: NftStatement['end']): void => {
    if (words.length > 0 || how === '}')
      statements.push({ line: words.length > 0 ? start : line, words, end: how });
    words = [];
    sets = 0;
  };
  const add = (word: string): void => {
    if (words.length === 0) start = line;
    if (words.length < MOST_WORDS) words.push(word);
    else words[MOST_WORDS - 1] = '…';
  };
  for (const [piece] of text.matchAll(token)) {
    if (piece === '{') {
      if (sets > 0 || !opensBlock(words)) {
        sets++;
        add(piece);
      } else end('{');
    } else if (piece === '}') {
      if (sets > 0) {
        sets--;
        add(piece);
      } else {
        end(';');
        end('}');
      }
    } else if (piece === ';') end(';');
    else if (piece === '\n' || piece === '\\\n') {
      if (piece === '\n' && sets === 0) end(';');
      line++;
    } else if (!/^[ \t\r\f\v#]/.test(piece)) add(piece);
  }
  end(';');
  return statements;
}

function opensBlock(words: readonly string[]): boolean {
  const [first, second] = words;
  const verb = first === 'add' || first === 'create' ? second : first;
  return (
    verb !== undefined &&
    /^(table|chain|set|map|flowtable|ct|counter|quota|limit|secmark|synproxy)$/.test(verb) &&
    words.length <= 5
  );
}
