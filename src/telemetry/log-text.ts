/** Takes whole lines, line feed included. */
export interface LineSink {
  write(line: string): void;
}

/** A JSON log line as people read it: `12:00:01.123 INFO message key=value`, in UTC. */
export function textLine(json: string): string {
  const { time, level, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  const words = Object.entries(fields).map(([name, value]) => `${escaped(name)}=${quoted(value)}`);
  return `${[clock, String(level).toUpperCase().padEnd(5), escaped(String(msg)), ...words].join(' ')}\n`;
}

function quoted(value: unknown): string {
  if (isError(value)) return quoted(value.message);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w./:@%+,[\]-]+$/.test(text) ? text : escaped(JSON.stringify(value));
}

function isError(value: unknown): value is { message: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'stack' in value &&
    'message' in value &&
    typeof value.message === 'string'
  );
}

/** Characters that move a terminal's cursor, end a line, or reverse its text, as escapes. */
function escaped(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
