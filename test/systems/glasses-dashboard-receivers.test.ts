/** The receivers that the document of the glasses dashboard prints, run unchanged, and what they make of its requests. */
import { describe, expect, it, vi } from 'vitest';
import { type Dashboard, createDashboard, MATCH, oneWebhook } from '../support/glasses-dashboard.ts';
import { type PrintedReceiver, startPrinted } from '../support/printed-receiver.ts';
import type { ProgramServer } from '../support/program-server.ts';
import { isAllRequired, nameReceiver, type Requirement, requirements } from '../support/requirements.ts';
import { printedBlock } from '../support/system-documents.ts';
import { shows } from './rows.ts';

const block = (language: string, text: string): string => printedBlock('glasses-dashboard', language, text);

/** A webhook at a printed receiver, with what the file is to say besides. */
async function dashboardFor(server: ProgramServer, members: object = {}): Promise<Dashboard> {
  return createDashboard({
    config: () =>
      oneWebhook({ events: ['match', 'upload', 'rebuild', 'test'], ...members })(
        `${server.origin}/api/webhook`,
      ),
  });
}

/** States, statuses and answers, in the order in which it was emitted. */
async function outcomesOf(dashboard: Dashboard): Promise<readonly unknown[]> {
  const deliveries = await dashboard.deliveriesTo('1701234567890');
  return deliveries.map(({ state, attemptLog }) => {
    const { response, reason } = attemptLog.at(-1)!;
    return [state, response?.status ?? reason, response?.body];
  });
}

interface Case {
  readonly name: string;
  readonly requirement: Requirement;
  readonly receiver: PrintedReceiver;
  /** What it prints of an upload, and then of the match. */
  readonly lines: readonly string[];
}

const ACTIONS = ['saved', 'notified', 'updated'];
const DONE = [
  `saved ${MATCH.best_model} ${MATCH.images_count}`,
  `notified ${MATCH.model_url}`,
  `updated ${MATCH.best_model}`,
];

const CASES: readonly Case[] = [
  {
    name: 'Express',
    requirement: { found: 'node', version: process.version },
    receiver: {
      language: 'node',
      before: `
        const saveMatchResult = (data) => console.log('saved', data.best_model, data.images_count);
        const notifyUser = (data) => console.log('notified', data.model_url);
        const updateInventory = (model) => console.log('updated', model);`,
      printed: block('javascript', "console.log('Webhook receiver running on port 3000')"),
    },
    lines: [
      'Received upload event at 2025-11-30T14:30:45.123Z',
      'Received match event at 2025-11-30T14:30:45.123Z',
      'Best match: ray_ban_glasses.glb',
      'Confidence: 87.0%',
      `Model URL: ${MATCH.model_url}`,
      ...DONE,
    ],
  },
  {
    name: 'Flask',
    requirement: requirements.flask(),
    receiver: {
      language: 'python',
      before: [
        'def save_match_result(data): print("saved", data["best_model"], data["images_count"])',
        'def notify_user(data): print("notified", data["model_url"])',
        'def update_inventory(model): print("updated", model)',
      ].join('\n'),
      printed: block('python', 'app = Flask(__name__)'),
    },
    lines: [
      'Received upload event at 2025-11-30T14:30:45.123Z',
      'Received match event at 2025-11-30T14:30:45.123Z',
      'Best match: ray_ban_glasses.glb',
      'Confidence: 87.0%',
      `Model URL: ${MATCH.model_url}`,
      ...DONE,
    ],
  },
  {
    name: 'PHP',
    requirement: requirements.php(),
    receiver: {
      language: 'php',
      before: `<?php
        function saveMatchResult($data) { error_log("saved {$data['best_model']} {$data['images_count']}"); }
        function notifyUser($data) { error_log("notified {$data['model_url']}"); }
        function updateInventory($model) { error_log("updated $model"); }`,
      printed: block('php', 'file_get_contents'),
    },
    lines: [
      'Received upload event at 2025-11-30T14:30:45.123Z',
      'Received match event at 2025-11-30T14:30:45.123Z',
      'Best match: ray_ban_glasses.glb',
      'Confidence: 87%',
      ...DONE,
    ],
  },
];

describe.each(
  CASES.map((each) => [nameReceiver(`${each.name} of the dashboard`, each.requirement), each] as const),
)('%s', { timeout: 30_000 }, (_, { requirement, receiver, lines }) => {
  if (requirement.found === undefined) {
    it.runIf(isAllRequired())(`is left out, because ${requirement.missing}`, () => {
      expect.unreachable(requirement.missing);
    });
    return;
  }

  it('accepts what is sent', shows('glasses-dashboard', 'receivers', 'body'), async () => {
    await using server = await startPrinted(receiver);
    await using dashboard = await dashboardFor(server);
    await dashboard.dispatcher.emit('upload', { model_name: 'new_glasses.glb' });
    await dashboard.advance(0);
    await dashboard.dispatcher.emit('match', MATCH);
    await dashboard.advance(0);
    const accepted = ['succeeded', 200, expect.stringMatching(/^\{"received":\s?true\}\s*$/)];
    expect(await outcomesOf(dashboard)).toEqual([accepted, accepted]);
    const printed = (): readonly string[] =>
      server
        .output()
        .split('\n')
        .flatMap((line) => lines.filter((wanted) => line.endsWith(wanted)));
    await vi.waitUntil(() => printed().length >= lines.length);
    expect(printed()).toEqual(lines);
  });

  it(
    'does nothing but answer when it is tested',
    shows('glasses-dashboard', 'receivers', 'command-line'),
    async () => {
      await using server = await startPrinted(receiver);
      await using dashboard = await dashboardFor(server);
      expect(await dashboard.dispatcher.endpoints.test('1701234567890')).toMatchObject({
        delivered: true,
        status: 200,
      });
      await vi.waitUntil(() => server.output().includes('Received test event'));
      for (const action of ACTIONS) expect(server.output()).not.toContain(action);
    },
  );
});

/** What the printed snippets leave to the application that they are part of. */
const APPLICATION = `
  const express = require('express');
  const app = express();
  app.use(express.json());`;
const LISTENS = 'app.listen(3000);';

describe('the printed handler that checks X-Webhook-Secret', { timeout: 30_000 }, () => {
  const printed = block('javascript', "req.headers['x-webhook-secret']");
  const withHeader = (secret: string): object => ({ headers: { 'X-Webhook-Secret': secret } });
  const headers = JSON.parse(block('json', '"X-Webhook-Secret"')) as object;

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
