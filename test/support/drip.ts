import { createSocket } from 'node:dgram';

/*
 * Sends a UDP packet to port 9 of each address that it is given, every few milliseconds, whatever becomes of them. Run as
 * a program inside a network namespace.
 */

const PERIOD = 4;

for (const address of process.argv.slice(2)) {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', () => undefined);
  setInterval(() => socket.send('drip', 9, address, () => undefined), PERIOD);
}
