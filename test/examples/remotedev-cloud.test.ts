import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { postgresUrl } from '../support/ask-setup.ts';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Starting three processes from sources takes most of it. */
const RUN_LIMIT_MS = 90_000;

describe('the example remotedev-cloud', () => {
  it('tells its story to the end, with exit code 0', { timeout: RUN_LIMIT_MS }, async () => {
    // Rejects unless the exit code is 0.
    const { stdout, stderr } = await execute(
      process.execPath,
      ['--import', 'tsx', 'examples/remotedev-cloud/main.ts'],
      { cwd: root, timeout: RUN_LIMIT_MS, env: { ...process.env, POSTGRES_URL: await postgresUrl() } },
    );
    expect(stderr).toBe('');
    const lines = stdout.split('\n').map((line) => line.trim());
    for (const line of [
      'ok  Alice has heard of it',
      'ok  Bob has not',
      'SIGKILL: one delivery waited for its next attempt, one was being sent',
      'ok  all projects arrived: First, Refused, Unanswered',
      'ok  Bob has what failed tried again, when his server is back',
      'alice: 3 succeeded, 0 given up, 0 to be tried again',
      'ok  Prometheus reads three deliveries and one given up',
      'success rate 75 %',
      'Everything arrived where it belongs, and nowhere else.',
    ])
      expect(lines).toContain(line);
    expect(lines).toContainEqual(expect.stringMatching(/^95 % of all attempts took at most [\d.]+ s$/));
    expect(lines.filter((line) => line.startsWith('WRONG'))).toEqual([]);
  });
});
