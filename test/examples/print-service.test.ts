import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Frontend } from '../../examples/print-service/frontend.ts';
import { shows } from '../systems/rows.ts';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** It starts three processes from sources. */
const RUN_LIMIT_MS = 60_000;

describe('the example of the print service', () => {
  it(
    'kills the service, loses nothing, and ends with exit code 0',
    { timeout: RUN_LIMIT_MS, ...shows('print-service', 'weaknesses', 'log-lines', 'never-in-the-way') },
    async () => {
      // Rejects unless the exit code is 0.
      const { stdout, stderr } = await execute(
        process.execPath,
        ['--import', 'tsx', 'examples/print-service/main.ts'],
        { cwd: root, timeout: RUN_LIMIT_MS },
      );
      expect(stderr).toBe('');
      const lines = stdout.split('\n').map((line) => line.trim());
      const steps = '["downloading","slicing","uploading","printing","complete"]';
      for (const job of ['cube', 'boat', 'ring']) expect(lines).toContain(`ok  ${job}: ${steps}`);
      for (const job of ['cube', 'boat', 'ring']) expect(lines).toContain(`ok  ${job}, in all: ${steps}`);
      expect(lines).toContain('ok  boat, so far: []');
      expect(lines).toContain('ok  vase: ["downloading","slicing","failed"]');
      expect(lines).toContain('ok  sent again: 5');
      for (const line of [
        '✅ Webhook notification sent for job boat',
        '⚠️  Webhook notification failed for job ring',
        '❌ Webhook error for job gear',
      ])
        expect(lines).toContain(line);
      expect(lines).toContain('Nothing was lost, and no job was held up.');
    },
  );
});

describe('the frontend of the story', () => {
  it('counts an update that comes twice as two', async () => {
    const frontend = new Frontend('secret');
    await frontend.listen();
    try {
      const body = '{"job_id":"a","status":"printing"}';
      const signature = createHmac('sha256', 'secret').update(body).digest('hex');
      for (let count = 0; count < 2; count += 1)
        await fetch(frontend.urlOf('/api/webhooks/print-status'), {
          method: 'POST',
          headers: { 'X-Print-Service-Signature': signature },
          body,
        });
      expect(frontend.statusesOf('a')).toEqual(['printing', 'printing']);
    } finally {
      frontend.close();
    }
  });
});
