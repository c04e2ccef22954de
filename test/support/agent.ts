import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

/*
 * The half of the lab that lives inside a network namespace. It reads a JSON command a line on stdin, and answers with a
 * JSON line on stdout, in whatever order the answers become known. It ends when stdin does.
 *
 * What a server says about a client is one line: NAME ADDRESS.
 */

interface Question {
  readonly id: number;
  readonly do: 'serve' | 'probe' | 'open' | 'exchange' | 'http';
  readonly protocol?: 'TCP' | 'UDP';
  readonly address?: string;
  readonly port?: number;
  readonly timeout?: number;
  readonly flow?: number;
  readonly path?: string;
}

type Answer = Readonly<Record<string, unknown>>;

const name = process.argv[2]!;
const flows = new Map<number, (timeout: number) => Promise<Answer>>();
const plain = (address: string | undefined): string => (address ?? '').replace(/^::ffff:/, '');

function serve(protocol: 'TCP' | 'UDP', port: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (protocol === 'TCP') {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.write(`${name} ${plain(socket.remoteAddress)}\n`);
        socket.pipe(socket);
      });
      server.on('error', reject).listen(port, '::', () => resolve({}));
      return;
    }
    const socket = createSocket('udp6');
    socket.on('message', (data, from) =>
      socket.send(`${name} ${plain(from.address)} ${data.toString()}`, from.port, from.address),
    );
    socket.on('error', reject).bind(port, '::', () => resolve({}));
  });
}

function failureOf({ code }: NodeJS.ErrnoException): Answer {
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'refused',
    ECONNRESET: 'reset',
    EHOSTUNREACH: 'unreachable',
    ENETUNREACH: 'unreachable',
  };
  return { failure: words[code ?? ''] ?? code ?? 'unknown' };
}

function openTcp(address: string, port: number, timeout: number, keep: number | undefined): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const limit = setTimeout(() => finish({ failure: 'timeout' }), timeout);
    let waiting: ((line: string) => void) | undefined;
    const finish = (answer: Answer): void => {
      clearTimeout(limit);
      if (keep === undefined || 'failure' in answer) socket.destroy();
      resolve(answer);
    };
    socket.on('error', (error) => finish(failureOf(error)));
    socket.on('data', (data) => {
      if (waiting) waiting(data.toString());
      else finish(replyOf(data.toString()));
    });
    if (keep === undefined) return;
    flows.set(
      keep,
      (patience) =>
        new Promise((done) => {
          const token = String(Math.random());
          const timer = setTimeout(() => done({ failure: 'timeout' }), patience);
          waiting = (text) => {
            if (!text.includes(token)) return;
            clearTimeout(timer);
            done({});
          };
          socket.write(`${token}\n`);
        }),
    );
  });
}

function askUdp(address: string, port: number, timeout: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    const finish = (answer: Answer): void => {
      clearTimeout(limit);
      clearInterval(repeat);
      socket.close();
      resolve(answer);
    };
    const limit = setTimeout(() => finish({ failure: 'timeout' }), timeout);
    const send = (): void => socket.send('question', (error) => error && finish(failureOf(error)));
    const repeat = setInterval(send, 100);
    socket.on('error', (error) => finish(failureOf(error)));
    socket.on('message', (data) => finish(replyOf(data.toString())));
    socket.connect(port, address, send);
  });
}

/** Keeps a socket, so that all its questions are one flow. */
function openUdp(address: string, port: number, flow: number): Promise<Answer> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  let waiting: (answer: Answer) => void = () => undefined;
  socket.on('error', (error) => waiting(failureOf(error)));
  socket.on('message', (data) => waiting(replyOf(data.toString())));
  flows.set(
    flow,
    (patience) =>
      new Promise((done) => {
        const timer = setTimeout(() => done({ failure: 'timeout' }), patience);
        waiting = (answer) => {
          clearTimeout(timer);
          done(answer);
        };
        socket.send('question');
      }),
  );
  return new Promise((resolve) => socket.connect(port, address, () => resolve({})));
}

function replyOf(text: string): Answer {
  const [server, source] = text.trim().split(' ');
  return { server, source };
}

/** GET from a server of this namespace; status 0 where nothing answers. */
async function get(port: number, path: string, timeout: number): Promise<Answer> {
  try {
    const signal = AbortSignal.timeout(timeout);
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal });
    return { status: response.status, body: await response.text() };
  } catch {
    return { status: 0, body: '' };
  }
}

async function answer(question: Question): Promise<Answer> {
  const { protocol = 'TCP', address = '', port = 0, timeout = 500, flow, path = '/' } = question;
  switch (question.do) {
    case 'serve':
      return serve(protocol, port);
    case 'probe':
      return protocol === 'TCP' ? openTcp(address, port, timeout, undefined) : askUdp(address, port, timeout);
    case 'open':
      return protocol === 'TCP' ? openTcp(address, port, timeout, flow) : openUdp(address, port, flow!);
    case 'exchange':
      return flows.get(flow!)!(timeout);
    case 'http':
      return get(port, path, timeout);
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const question = JSON.parse(line) as Question;
    answer(question).then(
      (result) => console.log(JSON.stringify({ ...result, id: question.id })),
      (error: unknown) => console.log(JSON.stringify({ error: String(error), id: question.id })),
    );
  })
  .on('close', () => process.exit(0));
