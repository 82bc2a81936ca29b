/** What users of a store hear of an edit with something wrong in it, in the process that owns the folder and in others. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebhookDispatcher } from '../../../src/dispatcher.ts';
import type { PosthornError } from '../../../src/errors.ts';
import type { Logger } from '../../../src/lifecycle-events.ts';
import { fileStore } from '../../../src/store/file/file-store.ts';
import { runProgram } from '../../support/child.ts';
import { until } from '../../support/world.ts';
import { temporaryDirectory } from './file-layers.ts';

const BAD = '{\n  "endpoints": [ }\n';
const WHAT = 'endpoints.json, line 2, column 18: expected a value, got }.';

interface User {
  readonly dispatcher: WebhookDispatcher;
  readonly errors: PosthornError[];
  readonly logged: string[];
}

/** A dispatcher with a store of its own on the folder, as another process would have. */
async function start(directory: string): Promise<User> {
  const errors: PosthornError[] = [];
  const logged: string[] = [];
  const quiet = (): void => undefined;
  const error = (_fields: object, message: string): void => void logged.push(message);
  const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error };
  const store = fileStore(directory, { logger: { warn: quiet, error: quiet } });
  const dispatcher = new WebhookDispatcher({ store, logger });
  dispatcher.on('error', (event) => void errors.push(event.error));
  onTestFinished(() => dispatcher.stop({ timeoutMs: 0 }));
  await dispatcher.start();
  return { dispatcher, errors, logged };
}

const problemOf = async ({ dispatcher }: User): Promise<string | undefined> =>
  (await dispatcher.health()).storeProblem?.message;

describe('an edit with something wrong in it', () => {
  it('is told by log, error event and health of the owner, of clients, and of who comes later', async () => {
    const directory = temporaryDirectory();
    const owner = await start(directory);
    const client = await start(directory);
    await owner.dispatcher.endpoints.create({ url: 'https://example.com/hooks' });
    writeFileSync(join(directory, 'endpoints.json'), BAD);
    await until(() => owner.errors.length > 0 && client.errors.length > 0, 'both are told');
    const late = await start(directory);
    await until(() => late.errors.length > 0, 'who comes later is told');
    for (const user of [owner, client, late]) {
      expect(user.errors).toMatchObject([{ name: 'StoreError', code: 'record_invalid' }]);
      expect(user.errors[0]!.message).toContain(WHAT);
      expect(user.logged).toEqual([user.errors[0]!.message]);
      expect(await problemOf(user)).toBe(user.errors[0]!.message);
    }
    writeFileSync(join(directory, 'endpoints.json'), '{ "endpoints": [] }');
    for (const user of [owner, client, late])
      await until(async () => (await problemOf(user)) === undefined, 'it is over');
    expect([owner, client, late].map(({ errors }) => errors.length)).toEqual([1, 1, 1]);
  });

  it('lets pause fail with what to repair, and the process does not end before', async ({ signal }) => {
    const directory = temporaryDirectory();
    const file = JSON.stringify(join(directory, 'endpoints.json'));
    const { code, stdout } = await runProgram(
      `
      import { writeFileSync } from 'node:fs';
      import { WebhookDispatcher } from 'posthorn';
      import { fileStore } from './src/store/file/index.ts';
      const dispatcher = new WebhookDispatcher({ store: fileStore(${JSON.stringify(directory)}) });
      await dispatcher.start();
      writeFileSync(${file}, ${JSON.stringify(BAD)});
      const error = await dispatcher.pause().catch((reason) => reason);
      console.log(error.name, error.code, error.message);
      writeFileSync(${file}, '{ "endpoints": [] }');
      await dispatcher.pause();
      console.log((await dispatcher.health()).whilePaused);
      await dispatcher.stop();
      `,
      signal,
    );
    expect(stdout.trim().split('\n')).toEqual([
      `StoreError record_invalid ${join(directory, WHAT)} Nothing was written, so that no edit is lost. Repair it, then try again.`,
      'hold',
    ]);
    expect(code).toBe(0);
  });
});
