/** What the doctor says where nobody delivers, on a clock that is moved by hand. */
import { describe, expect, it } from 'vitest';
import { type Finding, diagnose } from '../../src/cli/diagnose.ts';
import { createWebhookApi, createWebhookClient } from '../../src/http/index.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import { createHarness } from '../../src/testing/harness.ts';

describe('the doctor', () => {
  it('tells of messages that nobody matches, and by when it is a problem', async () => {
    const store = memoryStore();
    await using harness = await createHarness({ dispatcher: { store, deliver: false } });
    const { dispatcher } = harness;
    const api = createWebhookApi(dispatcher, { authorize: () => ({ id: 'all', scopes: ['read'] }) });
    const client = createWebhookClient({ baseUrl: 'http://localhost/api', fetch: (call) => api.fetch(call) });
    const local = {
      dispatcher,
      store,
      text: 'memory',
      options: {},
      configuration: undefined,
      takeStoreTroubles: () => [],
    };
    const ofMessages = async (): Promise<readonly Finding[]> =>
      (await diagnose({ client, local })).filter(({ about }) => about === 'messages');

    expect(await ofMessages()).toEqual([]);
    await dispatcher.emit('job.done', 1);
    expect(await ofMessages()).toMatchObject([
      {
        level: 'notice',
        message: expect.stringMatching(/^1 message is stored and not matched with endpoints yet; a running/),
      },
    ]);
    await harness.advance(60_001);
    await dispatcher.emit('job.done', 2);
    expect(await ofMessages()).toMatchObject([
      {
        level: 'problem',
        message: expect.stringMatching(
          /^2 messages are stored .* yet; 1 of them for over a minute, .*\. Is a process of the application running that delivers\?$/,
        ),
      },
    ]);
  });
});
