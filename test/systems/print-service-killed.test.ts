/** What the print service has told of survives its process. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { PRINTED } from './print-service-world.ts';
import { shows } from './rows.ts';

const start = (folder: string): ChildProcess =>
  fork(new URL('./print-service-process.ts', import.meta.url), [folder], {
    execArgv: ['--import', 'tsx', '--disable-warning=POSTHORN_UNENCRYPTED'],
  });

it(
  'a webhook of the print service that was being sent when its process was killed (SIGKILL) is sent by the next process',
  { timeout: 30_000, ...shows('print-service', 'weaknesses') },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'posthorn-killed-'));
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      // The first request is never answered.
      void text(request).then((body) => {
        if (bodies.push(body) > 1) response.end();
        server.emit('received');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const children: ChildProcess[] = [];
    try {
      const killed = children[children.push(start(folder)) - 1]!;
      const received = once(server, 'received');
      const webhook_url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      killed.send({ ...PRINTED.job, webhook_url, previous_status: 'uploading' });
      await received;
      killed.kill('SIGKILL');
      expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL']);

      const next = children[children.push(start(folder)) - 1]!;
      expect(await once(next, 'message')).toEqual([
        `✅ Webhook notification sent for job ${PRINTED.job.id}`,
        undefined,
      ]);
      expect(bodies).toEqual([JSON.stringify(PRINTED), JSON.stringify(PRINTED)]);
    } finally {
      for (const child of children) child.kill('SIGKILL');
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    }
  },
);
