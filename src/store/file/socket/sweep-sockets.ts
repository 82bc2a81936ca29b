import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../../clock.ts';
import { CANDIDATE_PREFIX } from './candidate.ts';
import { RIGHT_PREFIX } from './contend.ts';
import { knock } from './knock.ts';
import type { SocketPlace } from './socket-place.ts';

/** A younger candidate may be about to listen. */
const MIN_AGE_MS = 60_000;

/**
 * Removes what contenders left that were killed. Only the owner may call it: while it lives, nobody has the right to
 * remove its socket, so every right that lies about is void.
 *
 * @throws whatever the file system throws (rejects); what remains is swept next time
 */
export async function sweepSockets({ folder }: SocketPlace, clock: Clock): Promise<void> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const isRight = name.startsWith(RIGHT_PREFIX);
    if (!isRight && !name.startsWith(CANDIDATE_PREFIX)) continue;
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || !stats.isSocket()) continue;
    if (isRight || (clock.now() - stats.mtimeMs > MIN_AGE_MS && (await isDead(path)))) {
      rmSync(path, { force: true });
    }
  }
}

async function isDead(path: string): Promise<boolean> {
  const reply = await knock(path);
  if (reply.kind === 'answered') reply.socket.destroy();
  return reply.kind === 'refused';
}
