/** Commands beside an application that has a folder open. */
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { type EncryptionOptions, fileStore } from '../../src/store/file/index.ts';
import { type CommandLine, createCommandLine } from '../support/command-line.ts';

const KEY = 'a'.repeat(64);
const OTHER_KEY = 'b'.repeat(64);
const encryption: EncryptionOptions = { current: 'now', keys: { now: KEY } };

async function setup(options: { readonly encryption?: EncryptionOptions }): Promise<CommandLine> {
  const cli = await createCommandLine(['--store', './hooks']);
  const application = new WebhookDispatcher({
    store: fileStore(join(cli.folder, 'hooks'), options),
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  onTestFinished(() => application.stop());
  await application.start();
  await application.endpoints.create({ url: 'https://example.com/hook' });
  return cli;
}

const withKeys = (cli: CommandLine, keys: string): CommandLine =>
  cli.withEnv({ POSTHORN_ENCRYPTION_KEYS: keys });

describe('posthorn beside an application', { timeout: 60_000 }, () => {
  it('needs the keys of the application, and then says nothing of secrets', async () => {
    const cli = await setup({ encryption });
    for (const command of ['doctor', 'list']) {
      const refused = await cli.run(command);
      expect(refused).toMatchObject({ code: 5, stdout: '' });
      expect(refused.stderr).toMatch(
        /encrypts with the key now, and this process has no keys.*add now:KEY to POSTHORN_ENCRYPTION_KEYS/,
      );
    }
    const wrong = await withKeys(cli, `now:${OTHER_KEY}`).run('doctor');
    expect(wrong).toMatchObject({ code: 5, stdout: '' });
    expect(wrong.stderr).toMatch(
      /both have a key now, but not the same one.*POSTHORN_ENCRYPTION_KEYS=id:key/,
    );
    expect(wrong.stderr).not.toContain(OTHER_KEY);
    const right = await withKeys(cli, `now:${KEY}`).run('doctor');
    expect(right).toMatchObject({ code: 0 });
    expect(right.stdout).not.toContain('unencrypted');
  });

  it('has no keys where the application has none, and says that secrets are not encrypted', async () => {
    const cli = await setup({});
    const refused = await withKeys(cli, `now:${KEY}`).run('doctor');
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(refused.stderr).toMatch(/the owner has no keys.*keys come from POSTHORN_ENCRYPTION_KEYS=id:key/);
    expect((await cli.run('doctor')).stdout).toContain('they are stored unencrypted');
  });
});
