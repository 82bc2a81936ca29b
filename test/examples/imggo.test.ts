import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { shows } from '../systems/rows.ts';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

const RUN_LIMIT_MS = 60_000;

describe('the example of ImgGo', () => {
  it(
    'raises an alert, sends again what was given up, and ends with exit code 0',
    { timeout: RUN_LIMIT_MS, ...shows('imggo', 'registration', 'schedule', 'success-rate', 'weaknesses') },
    async () => {
      // Rejects unless the exit code is 0.
      const { stdout, stderr } = await execute(
        process.execPath,
        ['--import', 'tsx', 'examples/imggo/main.ts'],
        { cwd: root, timeout: RUN_LIMIT_MS },
      );
      expect(stderr).toBe('');
      const lines = stdout.split('\n').map((line) => line.trim());
      expect(lines).toContain('ok  the archive was asked after s: [0,30,150,750,2550,6150]');
      expect(lines).toContain('ok  booked: ["job.completed","job.failed"]');
      expect(lines).toContain('ok  failed: [21,0]');
      expect(lines).toContain('ok  again: 21');
      expect(lines).toContain('ok  alerts: ["alert.raised","alert.cleared"]');
      expect(lines).toContain('posthorn_attempts_total{outcome="failed",event_type="job.completed"} 126');
      expect(lines).toContain('What was given up was not lost.');
    },
  );
});
