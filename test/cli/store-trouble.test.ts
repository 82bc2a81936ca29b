/** Commands on a store that somebody has to repair: they say what, as the library does. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/cli/diagnose.ts';
import { WebhookDispatcher } from '../../src/index.ts';
import { fileStore } from '../../src/store/file/index.ts';
import { createCommandLine } from '../support/command-line.ts';

describe('a file of endpoints with a mistake, beside the running application', { timeout: 60_000 }, () => {
  it('is told of by each command that would write it', async () => {
    const cli = await createCommandLine(['--store', './webhooks']);
    const folder = join(cli.folder, 'webhooks');
    await using app = new WebhookDispatcher({
      store: fileStore(folder, { logger: { warn: () => undefined, error: () => undefined } }),
    });
    const { id } = await app.endpoints.create({ url: 'https://a.example/hook', events: ['job.*'] });
    const file = join(folder, 'endpoints.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"events"', '"evnets"'));
    for (const args of [
      ['disable', id],
      ['update', id, '--name', 'Other'],
      ['remove', id],
      ['add', 'https://b.example/hook'],
    ]) {
      const refused = await cli.run(...args);
      expect(refused).toMatchObject({ code: 5, stdout: '' });
      expect(refused.stderr).toMatch(
        /^posthorn: \/.*endpoints\.json, line \d+: Unknown key "endpoints\[0\]\.evnets"\. Did you mean "events"\? .*Nothing was written, .*Repair it, then try again\.\n$/,
      );
    }
  });
});

describe('a folder whose journal is damaged', { timeout: 60_000 }, () => {
  it('is a problem for the doctor, and told of by every other command', async () => {
    const cli = await createCommandLine(['--store', './webhooks']);
    await cli.run('add', 'https://a.example/hook');
    for (const type of ['job.first', 'job.second']) await cli.run('emit', type, '{}');
    const damaged = damage(join(cli.folder, 'webhooks/journal'), 'job.first');
    const what = expect.stringMatching(
      new RegExp(`^The journal is damaged: \\d+ bytes at offset \\d+ of .*${damaged} cannot be read\\.`),
    ) as string;

    const listed = await cli.run('messages');
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('job.second') as string });
    expect(listed.stderr).toMatch(/^posthorn: The journal is damaged: .*\n$/m);
    const { findings } = await cli.json<{ findings: readonly Finding[] }>(['doctor'], 1);
    expect(findings.filter(({ about }) => about === 'store')).toEqual([
      { level: 'problem', about: 'store', message: what },
    ]);
    const told = await cli.run('doctor');
    expect(told).toMatchObject({ code: 1, stderr: '' });
    expect(told.stdout).toContain('✗ store: The journal is damaged');
    expect(told.stdout).not.toContain('can be read and written');
  });
});

/** Changes a byte in the line of a message. The name of the segment. */
function damage(journal: string, type: string): string {
  for (const name of readdirSync(journal)) {
    const path = join(journal, name);
    const bytes = readFileSync(path);
    const at = bytes.indexOf(type);
    if (at < 0) continue;
    bytes[at] = 'J'.charCodeAt(0);
    writeFileSync(path, bytes);
    return name;
  }
  throw new Error(`No ${type} in ${journal}.`);
}
