import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { WebhookConfig } from '../../examples/glasses-dashboard/story/dashboard.ts';
import { Receiver, type ReceivedEvent } from '../../examples/glasses-dashboard/story/receiver.ts';
import { findProblems } from '../../examples/glasses-dashboard/story/verdict.ts';
import { copyExample } from '../support/copied-example.ts';
import { shows } from '../systems/rows.ts';

const execute = promisify(execFile);

describe('the glasses dashboard', () => {
  it(
    'runs to its end in a folder that was copied, and nothing is lost',
    { timeout: 120_000, ...shows('glasses-dashboard', 'weaknesses', 'config-file', 'secret-header') },
    async () => {
      await using example = await copyExample('glasses-dashboard');
      // Rejects unless the exit code is 0.
      const { stdout, stderr } = await execute(process.execPath, ['--import', 'tsx', 'main.ts'], {
        cwd: example.folder,
        timeout: 110_000,
      });
      expect(stderr).toBe('');
      const lines = stdout.split('\n').map((line) => line.trim());
      for (const said of [
        /^match: \{"best_model":"ray_ban_glasses\.glb","confidence":0\.9\d,/,
        /^Result: +delivered$/,
        /^backend: \[webhooks\] webhook exhausted: no further attempt .*"status":500/,
        /^backend: \[webhooks\] webhook attempt failed, retry scheduled .*"maxAttempts":5/,
        /^All of them are switched off/,
        /^2 messages: 3 deliveries are due again\.$/,
        /^The backend is killed \(SIGKILL\) in the middle of a delivery, and starts again$/,
        /^backend: \[webhooks\] expired lease rescued/,
        /^My App has 6 matches, Backup App 6$/,
        /^Everybody got everything, and the kill lost nothing\.$/,
      ])
        expect(lines).toContainEqual(expect.stringMatching(said));
    },
  );
});

/** An ending that is as it should be. */
function setup() {
  const shop = new Receiver('My App');
  const backup = new Receiver('Backup App');
  const received = (event: string, count: number): ReceivedEvent[] =>
    Array.from({ length: count }, (_, n) => ({
      id: `${event}${n}`,
      event,
      model: event === 'match' ? 'ray_ban_glasses.glb' : undefined,
    }));
  shop.accepted.push(...received('match', 6));
  backup.accepted.push(...received('match', 6), ...received('upload', 2), ...received('test', 1));
  const entry = (name: string, success: number, failures: number): string =>
    `1. ${name} ✓\n   Success:        ${success}\n   Failures:       ${failures}\n`;
  const config: WebhookConfig = {
    enabled: true,
    endpoints: [
      { name: 'My App', enabled: true },
      { name: 'Backup App', enabled: true },
    ],
  };
  return { shop, backup, listed: entry('My App', 6, 0) + entry('Backup App', 8, 1), config };
}

type Ending = ReturnType<typeof setup>;

describe('findProblems', () => {
  it('finds none when all is well', () => {
    expect(findProblems(setup())).toEqual([]);
  });

  it.each<[string, (ending: Ending) => unknown, string]>([
    [
      'a match was lost',
      ({ shop }) => shop.accepted.pop(),
      'matches that My App accepted: expected 6, got 5',
    ],
    [
      'another model was found',
      ({ backup }) => (backup.accepted[0] = { ...backup.accepted[0]!, model: 'reading_glasses.glb' }),
      'matches that were not ray_ban_glasses.glb: expected 0, got 1',
    ],
    [
      'a request was refused',
      ({ shop }) => (shop.refused += 1),
      'requests that My App refused: expected 0, got 1',
    ],
    [
      'a counter is wrong',
      (ending) => (ending.listed = ending.listed.replace('Failures:       1', 'Failures:       0')),
      'what list says of Backup App: expected 8 and 1, got 8 and 0',
    ],
    [
      'everything is still switched off',
      ({ config }) => (config.enabled = false),
      'the switch in the file: expected true, got false',
    ],
  ])('finds that %s', (_what, change, problem) => {
    const ending = setup();
    change(ending);
    expect(findProblems(ending)).toEqual([problem]);
  });
});
