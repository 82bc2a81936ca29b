/** What RemoteDevAI prints for chats and databases, as it is printed, in real Express. */
import { createReceiver } from 'posthorn/testing';
import { describe, expect, it, vi } from 'vitest';
import { createRecipe } from '../support/cloud.ts';
import { startPrinted } from '../support/printed-receiver.ts';
import { printedBlock } from '../support/system-documents.ts';
import { shows } from './rows.ts';

const PATH = '/webhooks/remotedevai';
const LIMIT = { timeout: 60_000 };
/** Lines of a process come when they come. */
const WAIT = { timeout: 30_000 };

describe('printed integrations of RemoteDevAI', LIMIT, () => {
  /** The application around them: Express, and the packages that they call. */
  const before = `const express = require('express');
const app = express();
app.use(express.json());
const { Module } = require('node:module');
const load = Module._load;
const packages = {
  axios: { post: (url, body) => fetch(url, { method: 'POST', body: JSON.stringify(body) }) },
  '@prisma/client': {
    PrismaClient: class {
      eventLog = { create: async ({ data }) => console.log('eventLog', JSON.stringify(data)) };
    },
  },
};
Module._load = (name, ...rest) => packages[name] ?? load(name, ...rest);
`;
  // Discord's block has no require of its own.
  const axios = "const axios = require('axios');\n";

  it.each([
    ['Slack', 'SLACK_WEBHOOK_URL', before, 'project.created', 'text', /New project created: Test Project$/],
    [
      'Discord',
      'DISCORD_WEBHOOK_URL',
      before + axios,
      'session.started',
      'content',
      /Session started: Pairing$/,
    ],
  ] as const)(
    'tell %s',
    shows('remotedev-cloud', 'receivers'),
    async (_name, variable, preamble, eventType, member, text) => {
      await using chat = await createReceiver();
      await using receiver = await startPrinted({
        language: 'node',
        before: preamble,
        printed: printedBlock('remotedev-cloud', 'javascript', variable),
        after: 'app.listen(3000);',
        env: { [variable]: chat.url },
      });
      await using cloud = await createRecipe({}, Date.now());
      const { id } = await cloud.createEndpoint({ url: receiver.origin + PATH, tenant: 'user-1' });
      const data = { id: 'p1', name: 'Test Project', title: 'Pairing' };
      await cloud.triggerEvent({ eventType: 'user.updated', userId: 'user-1', data });
      await cloud.triggerEvent({ eventType, userId: 'user-1', data });
      await cloud.dispatcher.drain();
      expect(await cloud.deliveriesTo(id)).toMatchObject([{ state: 'succeeded' }, { state: 'succeeded' }]);
      const [message] = await chat.waitFor(1, { timeoutMs: 10_000 });
      expect(message!.json()).toEqual({ [member]: expect.stringMatching(text) });
      expect(chat.received).toBe(1);
    },
  );

  it('write a row for each event', shows('remotedev-cloud', 'receivers', 'body'), async () => {
    await using receiver = await startPrinted({
      language: 'node',
      before,
      printed: printedBlock('remotedev-cloud', 'javascript', 'PrismaClient'),
      after: 'app.listen(3000);',
    });
    await using cloud = await createRecipe({}, Date.now());
    await cloud.createEndpoint({ url: receiver.origin + PATH, tenant: 'user-1' });
    const event = { eventType: 'payment.failed', userId: 'user-1', data: { cents: 990 } } as const;
    const { id } = await cloud.triggerEvent(event);
    await cloud.dispatcher.drain();
    const [, row] = await vi.waitUntil(() => /^eventLog (.*)$/m.exec(receiver.output()), WAIT);
    expect(JSON.parse(row!)).toMatchObject({
      eventType: 'payment.failed',
      eventId: id,
      payload: { id, type: 'payment.failed', data: { cents: 990 } },
    });
  });
});
