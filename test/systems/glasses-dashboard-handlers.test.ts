/** The handlers that the document of the glasses dashboard prints as parts of an application, run unchanged in one. */
import ts from 'typescript';
import { describe, expect, it, vi } from 'vitest';
import { dashboardFor, MATCH, outcomesOf } from '../support/glasses-dashboard.ts';
import { programWith } from '../support/guide-program.ts';
import { startPrinted } from '../support/printed-receiver.ts';
import { printedBlock } from '../support/system-documents.ts';
import { shows } from './rows.ts';

const block = (language: string, text: string): string => printedBlock('glasses-dashboard', language, text);

/** What the printed snippets leave to the application that they are part of. */
const APPLICATION = `
  const express = require('express');
  const app = express();
  app.use(express.json());`;
const LISTENS = 'app.listen(3000);';

/** What the document writes into the file for the check of the secret. */
const headers = JSON.parse(block('json', '"X-Webhook-Secret"')) as Record<string, unknown>;

const toCommonJs = (program: string): string =>
  ts.transpile(program, {
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2023,
    esModuleInterop: true,
  });

describe('the printed handler that checks X-Webhook-Secret', { timeout: 30_000 }, () => {
  const printed = block('javascript', "req.headers['x-webhook-secret']");
  const withHeader = (secret: string): Record<string, unknown> => ({
    headers: { 'X-Webhook-Secret': secret },
  });
  it(
    'never answers a request with the right one, as it is printed',
    shows('glasses-dashboard', 'secret-header'),
    async () => {
      await using server = await startPrinted({
        language: 'node',
        before: APPLICATION,
        printed,
        after: LISTENS,
      });
      await using dashboard = await dashboardFor(server, headers);
      await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(10_000);
      // In the place of "Process webhook..." there is nothing that answers.
      expect(printed).not.toContain('res.status(200)');
      expect(await outcomesOf(dashboard)).toEqual([['exhausted', 'timeout', undefined]]);
    },
  );

  it.each([
    ['the right one', headers, ['succeeded', 200, '{"received":true}']],
    ['another one', withHeader('guessed'), ['exhausted', 401, '{"error":"Unauthorized"}']],
    ['none', {}, ['exhausted', 401, '{"error":"Unauthorized"}']],
  ])(
    'accepts the header of the file alone: %s',
    shows('glasses-dashboard', 'secret-header', 'config-file'),
    async (_what, members, outcome) => {
      // "Process webhook..." is what comes after the printed check, and it answers.
      const before = `${APPLICATION}
      const { post } = app;
      app.post = (path, check) => post.call(app, path, (req, res) => {
        check(req, res);
        if (!res.headersSent) res.status(200).json({ received: true });
      });`;
      await using server = await startPrinted({ language: 'node', before, printed, after: LISTENS });
      await using dashboard = await dashboardFor(server, members);
      await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(0);
      expect(await outcomesOf(dashboard)).toEqual([outcome]);
    },
  );
});

describe('the handler of the guide in its place', { timeout: 30_000 }, () => {
  it.each([
    ['the right one', headers, ['succeeded', 200, '{"received":true}']],
    [
      'another one',
      { headers: { 'X-Webhook-Secret': 'guessed' } },
      ['exhausted', 401, '{"error":"Unauthorized"}'],
    ],
    ['none', {}, ['exhausted', 401, '{"error":"Unauthorized"}']],
  ])(
    'answers, and accepts %s or not',
    shows('glasses-dashboard', 'secret-header'),
    async (_what, members, outcome) => {
      await using server = await startPrinted({
        language: 'node',
        printed: toCommonJs(programWith('receiving', 'js', "req.get('x-webhook-secret')")),
        env: { WEBHOOK_SECRET: 'your-secret-token-here' },
      });
      await using dashboard = await dashboardFor(server, members);
      await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(0);
      expect(await outcomesOf(dashboard)).toEqual([outcome]);
    },
  );
});

describe('the printed handler that answers at once', { timeout: 30_000 }, () => {
  it(
    'is not cut off by what it does afterwards',
    shows('glasses-dashboard', 'receivers', 'time-limit'),
    async () => {
      const before = `${APPLICATION}
      const gate = new Promise((resolve) => app.get('/go', (req, res) => res.end(resolve())));
      const processWebhook = async ({ data }) => {
        await gate;
        console.log('processed', data.best_model);
      };`;
      const printed = block('javascript', 'processWebhook(req.body)');
      await using server = await startPrinted({ language: 'node', before, printed, after: LISTENS });
      await using dashboard = await dashboardFor(server);
      await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(3_600_000);
      expect(await outcomesOf(dashboard)).toEqual([['succeeded', 200, '{"received":true}']]);
      expect(server.output()).not.toContain('processed');
      await fetch(`${server.origin}/go`);
      await vi.waitUntil(() => server.output().includes(`processed ${MATCH.best_model}`));
    },
  );
});

describe('the printed use cases', { timeout: 30_000 }, () => {
  const tell = (name: string): string =>
    `const ${name} = async (...args) => console.log(${JSON.stringify(name)}, JSON.stringify(args));`;

  it.each([
    [
      'a shop',
      'await addToCart(',
      `const userId = 'u1', userEmail = 'u1@example.com'; ${tell('addToCart')} ${tell('sendEmail')}`,
      ['addToCart ["u1",{"product":"ray_ban_glasses.glb","confidence":0.87', '"confidence":"87%"'],
    ],
    [
      'analytics',
      'analytics.track(',
      `${tell('track')} const analytics = { track };`,
      ['track ["Model Matched",{"model":"ray_ban_glasses.glb","confidence":0.87,"images_count":3'],
    ],
    [
      'an inventory',
      'await checkInventory(',
      `const checkInventory = async () => false; ${tell('notifySupplier')} ${tell('incrementPopularity')}`,
      ['notifySupplier ["ray_ban_glasses.glb"]', 'incrementPopularity ["ray_ban_glasses.glb"]'],
    ],
    [
      'customers',
      'crm.createLead(',
      `${tell('createLead')} const crm = { createLead };`,
      ['createLead [{"source":"AI Glasses Finder","product_interest":"ray_ban_glasses.glb"'],
    ],
  ])(
    'accept what is sent: %s',
    shows('glasses-dashboard', 'receivers'),
    async (_name, text, stubs, lines) => {
      await using server = await startPrinted({
        language: 'node',
        before: `${APPLICATION}\n${stubs}`,
        printed: block('javascript', text),
        after: LISTENS,
      });
      await using dashboard = await dashboardFor(server);
      await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(0);
      expect(await outcomesOf(dashboard)).toEqual([['succeeded', 200, '{"received":true}']]);
      for (const line of lines) await vi.waitUntil(() => server.output().includes(line));
    },
  );
});
