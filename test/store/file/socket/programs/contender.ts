/** Contends for a folder whenever it is told to: says `owner` or `client`, and `lost` when its owner is gone. */
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { createSystemRandom, systemClock } from '../../../../../src/clock.ts';
import { contend } from '../../../../../src/store/file/socket/contend.ts';
import { findSocketPlace } from '../../../../../src/store/file/socket/socket-place.ts';

const random = createSystemRandom();
const place = await findSocketPlace(process.argv[2]!, random);

function answered(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.once('data', (data) => resolve(data.toString()));
    socket.once('close', () => resolve(undefined));
  });
}

async function run(): Promise<void> {
  for (;;) {
    const { signal } = new AbortController();
    const result = await contend({ place, clock: systemClock, random, signal });
    if (result.kind === 'owner') {
      result.door.answer((socket) => {
        socket.on('error', () => undefined);
        socket.write(String(process.pid));
      });
      return console.log(`owner ${Date.now()}`);
    }
    const { socket } = result;
    socket.on('error', () => undefined);
    const owner = await answered(socket);
    if (owner === undefined) continue;
    console.log(`client ${owner}`);
    await new Promise((resolve) => (socket.destroyed ? resolve(undefined) : socket.once('close', resolve)));
  }
}

console.log('ready');
createInterface(process.stdin).once('line', () => void run());
