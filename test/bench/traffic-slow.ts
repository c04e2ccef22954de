import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Socket as Connection, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './statistics.ts';

/*
 * What traffic.c does, for a machine without a C compiler, with the same words. More of the time that it measures is its
 * own, so differences look smaller than they are.
 */

const BATCH = 32;

async function socketTo(address: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.connect(port, address);
  await once(socket, 'connect');
  return socket;
}

/** @returns ns per packet. Each packet of a batch has a socket of its own where there is more than one flow. */
async function udp(address: string, port: number, packets: number, flows: number): Promise<number> {
  const one = await socketTo(address, port);
  const times: number[] = [];
  for (let sent = 0; sent < packets; sent += BATCH) {
    const batch = await Promise.all(
      Array.from({ length: BATCH }, async () => (flows === 1 ? one : await socketTo(address, port))),
    );
    const start = process.hrtime.bigint();
    for (const socket of batch) socket.send('eighteen bytes....');
    times.push(Number(process.hrtime.bigint() - start) / BATCH);
    if (flows > 1) for (const socket of batch) socket.close();
    await new Promise(setImmediate);
  }
  one.close();
  return median(times);
}

function serve(port: number): void {
  const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  server.listen(port, '0.0.0.0', () => console.log('listening'));
}

/** @returns ns per connection. */
async function connectOften(host: string, port: number, connections: number): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < connections; index++) {
    const start = process.hrtime.bigint();
    const socket: Connection = connect({ host, port, noDelay: true });
    socket.write('x');
    await once(socket, 'data');
    socket.resetAndDestroy();
    times.push(Number(process.hrtime.bigint() - start));
  }
  return median(times);
}

const [mode, ...words] = process.argv.slice(2) as [string, ...string[]];
if (mode === 'udp') {
  const [, destination, port, packets, flows] = words;
  console.log(await udp(destination!, Number(port), Number(packets), Number(flows)));
} else if (mode === 'connect') {
  console.log(await connectOften(words[0]!, Number(words[1]), Number(words[2])));
} else if (mode === 'serve') {
  serve(Number(words[0]));
} else {
  // Flows without an answer are forgotten after a second, which is how the host is set up.
  await sleep(1_200);
}
