import pino from 'pino';
import { type LineSink, textLine } from './log-text.ts';

type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Values that belong to a message; these three names are the line's own. */
interface LogFields {
  readonly [name: string]: unknown;
  readonly time?: never;
  readonly level?: never;
  readonly msg?: never;
}

/** Writes one line per message; no value can begin a line of its own. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every message. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** The least important level that is written; default `info`. */
  readonly level?: LogLevel;
  /** JSON instead of text for people; default where stderr is not a terminal. */
  readonly json?: boolean;
  /** Default stderr. */
  readonly sink?: LineSink;
}

/** Makes the program's log. Lines are written before the call returns, so that none is lost with the process. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', json = !process.stderr.isTTY, sink = standardError() } = options;
  const write = json ? jsonLine : textLine;
  const root = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
    },
    { write: (line: string) => sink.write(write(line)) },
  );
  return wrap(root);
}

function wrap(logger: pino.Logger): Logger {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, '%s', message),
    info: (message, fields) => logger.info(fields ?? {}, '%s', message),
    warn: (message, fields) => logger.warn(fields ?? {}, '%s', message),
    error: (message, fields) => logger.error(fields ?? {}, '%s', message),
    child: (fields) => wrap(logger.child(fields)),
  };
}

function describeError(error: unknown): unknown {
  return error instanceof Error ? { message: error.message, stack: error.stack } : error;
}

/** JSON escapes the C0 controls; these are line breaks or terminal commands for some readers of a log. */
function jsonLine(line: string): string {
  return line.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function standardError(): LineSink {
  const destination = pino.destination({ dest: 2, sync: true });
  destination.on('error', () => undefined); // a log that nobody reads must not end the daemon
  return { write: (line) => void destination.write(line) };
}
