/** Commands on a store that somebody has to repair: they say what, as the library does. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
