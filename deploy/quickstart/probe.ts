import { get } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';

/*
 * What the quickstart runs inside namespaces:
 *   probe.ts fetch ADDRESS PORT      prints the page
 *   probe.ts connect ADDRESS PORT    opens a connection, and prints what the other side says
 *   probe.ts listen PORT…            says to everybody where they come from
 * The last line is the outcome: `ok MILLISECONDS` or `failed REASON MILLISECONDS`.
 */

const TIMEOUT = 1_500;
const [verb, ...args] = process.argv.slice(2);
const start = performance.now();

function finish(outcome: string): void {
  console.log(`${outcome} ${(performance.now() - start).toFixed(1)}`);
  process.exit(0);
}

function failed(error: NodeJS.ErrnoException): void {
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'refused',
    EHOSTUNREACH: 'unreachable',
    ENETUNREACH: 'unreachable',
  };
  finish(`failed ${words[error.code ?? ''] ?? error.code ?? 'unknown'}`);
}

switch (verb) {
  case 'fetch':
    get({ host: args[0], port: Number(args[1]), timeout: TIMEOUT, agent: false }, (response) => {
      response.setEncoding('utf8');
      let body = '';
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        console.log(body.trim());
        finish('ok');
      });
    })
      .on('timeout', () => finish('failed dropped'))
      .on('error', failed);
    break;
  case 'connect': {
    const socket = connect({ host: args[0]!, port: Number(args[1]), timeout: TIMEOUT });
    socket.on('data', (data) => {
      console.log(data.toString().trim());
      finish('ok');
    });
    socket.on('timeout', () => finish('failed dropped'));
    socket.on('error', failed);
    break;
  }
  case 'listen':
    for (const port of args) {
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.end(`${socket.remoteAddress?.replace(/^::ffff:/, '')}\n`);
      }).listen(Number(port), function (this: { address(): AddressInfo | string | null }) {
        console.log(`listening ${port}`);
      });
    }
    break;
  default:
    failed({ code: `unknown verb ${verb}`, name: '', message: '' });
}
