/** The command line of the glasses dashboard, as people type it, beside a dashboard that runs. */
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CopiedExample, copyExample } from '../support/copied-example.ts';
import {
  type ConfiguredWebhook,
  createDashboard,
  type Dashboard,
  MATCH,
  oneWebhook,
} from '../support/glasses-dashboard.ts';
import { printedBlock, readDocument } from '../support/system-documents.ts';
import { until } from '../support/world.ts';
import { shows } from './rows.ts';

let example: CopiedExample;
beforeAll(async () => {
  example = await copyExample('glasses-dashboard');
}, 60_000);
afterAll(() => example[Symbol.asyncDispose]());

interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a line in a shell, in the folder of the dashboard. */
async function run(line: string, { folder }: Dashboard): Promise<Result> {
  const child = spawn(line, {
    shell: true,
    cwd: example.folder,
    env: {
      PATH: process.env['PATH'],
      TZ: 'UTC',
      WEBHOOK_FOLDER: folder,
      WEBHOOK_PRIVATE_NETWORKS: '127.0.0.0/8',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...texts }));
  });
}

const manage = (args: string, dashboard: Dashboard): Promise<Result> =>
  run(`node manage-webhooks.mjs ${args}`, dashboard);

/** Every line of the document that names a command, without placeholders and repetitions. */
const LINES = [...new Set(readDocument('glasses-dashboard').match(/node manage-webhooks\.mjs .*[^`\n]/g))]
  .map((line) => line.replace(/`$/, '').trim())
  .filter((line) => !/"your-url"|<url>/.test(line));
const linesOf = (command: string): readonly string[] =>
  LINES.filter((line) => line.startsWith(`node manage-webhooks.mjs ${command}`));

describe('the printed commands', () => {
  it('are all tried', () => {
    const commands = ['add', 'test', 'list', 'remove', 'stats', 'enable', 'disable'];
    expect(Object.fromEntries(commands.map((name) => [name, linesOf(name).length]))).toEqual({
      add: 8,
      test: 2,
      list: 1,
      remove: 1,
      stats: 1,
      enable: 1,
      disable: 1,
    });
    expect(LINES).toHaveLength(15);
  });

  it(
    'add webhooks, all of them at once',
    { timeout: 60_000, ...shows('glasses-dashboard', 'command-line') },
    async () => {
      await using dashboard = await createDashboard();
      const results = await Promise.all(linesOf('add').map((line) => run(line, dashboard)));
      for (const result of results) expect(result).toMatchObject({ code: 0, stderr: '' });
      const expected = linesOf('add').map((line) => {
        const [, url, name, events = 'match'] = /add "(.*?)" "(.*?)" ?(\S+)?/.exec(line)!;
        const members = { url, name, events: events.split(','), enabled: true, secrets: [] };
        return expect.objectContaining(members) as unknown;
      });
      const { enabled, endpoints } = dashboard.config();
      expect(enabled).toBe(true);
      expect(endpoints).toHaveLength(expected.length);
      expect(endpoints).toEqual(expect.arrayContaining(expected));
    },
  );

  it('does not add a webhook without a name, which would get everything', { timeout: 30_000 }, async () => {
    await using dashboard = await createDashboard();
    const result = await run('node manage-webhooks.mjs add "https://example.com/hook"', dashboard);
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('add URL NAME [EVENTS]') });
    expect(dashboard.config().endpoints).toEqual([]);
  });

  it.each(linesOf('test'))(
    '%s',
    { timeout: 30_000, ...shows('glasses-dashboard', 'command-line') },
    async (line) => {
      await using dashboard = await createDashboard({ config: oneWebhook() });
      dashboard.receiver.reply({ status: 200, body: '{"received":true}' }, 500);
      const printed = /"(.*)"/.exec(line)![1]!;
      const here = line.replace(printed, dashboard.receiver.url);
      expect(await run(here, dashboard)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^Result: +delivered\nStatus: +200\n[^]*Answer: +\{"received":true\}/),
      });
      expect(dashboard.receiver.requests[0]!.json()).toEqual({
        event: 'test',
        timestamp: expect.any(String),
        data: { message: 'This is a test of your webhook' },
      });
      expect(await run(here, dashboard)).toMatchObject({
        code: 1,
        stdout: expect.stringMatching(/^Result: +not delivered\nStatus: +500\n/),
      });
      expect(await run(line, dashboard)).toMatchObject({
        code: 3,
        stderr: `posthorn: No endpoint has this URL. Add it first: posthorn add ${printed}\n`,
      });
    },
  );

  it.each(linesOf('remove'))(
    '%s',
    { timeout: 30_000, ...shows('glasses-dashboard', 'command-line') },
    async (line) => {
      await using dashboard = await createDashboard({ config: oneWebhook() });
      expect(await run(line, dashboard)).toMatchObject({ code: 0, stdout: 'Removed 1701234567890.\n' });
      expect(dashboard.config()).toMatchObject({ enabled: true, endpoints: [] });
      expect((await run(line, dashboard)).code).toBe(3);
    },
  );

  it.each(linesOf('stats'))(
    '%s',
    { timeout: 30_000, ...shows('glasses-dashboard', 'command-line') },
    async (line) => {
      await using dashboard = await createDashboard({ config: oneWebhook() });
      dashboard.receiver.reply(200, 500, 200, 200);
      for (let count = 0; count < 4; count += 1) await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(0);
      const { code, stdout } = await run(line, dashboard);
      expect([code, stdout.split('\n').map((text) => text.replaceAll(/: +/g, ': '))]).toEqual([
        0,
        expect.arrayContaining([
          'Deliveries: 4',
          'Successful: 3',
          'Failed: 1',
          'Success rate of what is kept: 75.0 %',
        ]),
      ]);
    },
  );

  it(
    `${linesOf('disable')[0]}, and enable`,
    { timeout: 30_000, ...shows('glasses-dashboard', 'command-line', 'config-file') },
    async () => {
      await using dashboard = await createDashboard({ config: oneWebhook() });
      const { dispatcher, receiver } = dashboard;
      const isNow = (whilePaused: string | undefined): Promise<void> =>
        until(async () => (await dispatcher.health()).whilePaused === whilePaused, `it is ${whilePaused}`);
      expect(await run(linesOf('disable')[0]!, dashboard)).toMatchObject({ code: 0, stderr: '' });
      await isNow('discard');
      expect(dashboard.config()).toMatchObject({ enabled: false, endpoints: [{ enabled: true }] });
      expect(dashboard.config()).not.toHaveProperty('switch');
      await dispatcher.emit('match', MATCH);
      expect((await manage('list', dashboard)).stdout).toMatch(
        /\n\nAll of them are switched off: node manage-webhooks\.mjs enable\n$/,
      );
      expect(await run(linesOf('enable')[0]!, dashboard)).toMatchObject({ code: 0, stderr: '' });
      await isNow(undefined);
      expect(dashboard.config()).toMatchObject({ enabled: true });
      await dispatcher.emit('match', MATCH);
      await dashboard.advance(0);
      expect(receiver.received).toBe(1);
    },
  );
});

describe('list', { timeout: 60_000 }, () => {
  const PRINTED = printedBlock('glasses-dashboard', '', 'Configured Webhooks:');
  const IDS = ['1701234567890', '1701234567891'] as const;

  /** A day of the dashboard: what the printed list counts really happens, at the printed times. */
  async function live(dashboard: Dashboard): Promise<void> {
    const { dispatcher, receiver } = dashboard;
    const send = async (id: string, event: string, count: number): Promise<void> => {
      for (let sent = 0; sent < count; sent += 1) await dispatcher.emit(event, MATCH, { to: id });
      await dashboard.advance(0);
    };
    await send(IDS[1], 'upload', 45);
    receiver.reply(500, 500, 500);
    await dashboard.advance(Date.parse('2025-11-30T14:15:22Z') - dashboard.clock.now());
    await send(IDS[0], 'match', 130);
  }

  it('prints what is printed', shows('glasses-dashboard', 'command-line'), async () => {
    const webhooks = (url: string): ConfiguredWebhook[] => [
      { id: IDS[0], name: 'My App', url, events: ['match'], enabled: true },
      { id: IDS[1], name: 'Backup App', url: `${url}backup`, events: ['match', 'upload'], enabled: true },
    ];
    await using dashboard = await createDashboard({
      startAt: Date.parse('2025-11-30T13:45:10Z'),
      config: (url) => ({ enabled: true, endpoints: webhooks(url) }),
    });
    await live(dashboard);
    const { url } = dashboard.receiver;
    const expected = PRINTED.replace('https://api.example.com/webhook', url).replace(
      'https://backup.example.com/webhook',
      `${url}backup`,
    );
    expect(await manage('list', dashboard)).toEqual({ code: 0, stdout: expected, stderr: '' });
  });

  it('tells what is switched off, what was never sent, and that there is nothing', async () => {
    await using dashboard = await createDashboard({ config: oneWebhook({ enabled: false }) });
    expect((await manage('list', dashboard)).stdout).toMatch(/\n1\. My App ✗\n[^]*Last Triggered: Never\n$/);
    await manage('remove 1701234567890', dashboard);
    expect((await manage('list', dashboard)).stdout).toMatch(/\n\nNone\. Add one: .*\n$/);
  });
});

describe('what the printed commands could not do', { timeout: 60_000 }, () => {
  it(
    'shows what failed, why, and sends it again',
    shows('glasses-dashboard', 'weaknesses', 'command-line'),
    async () => {
      await using dashboard = await createDashboard({ config: oneWebhook() });
      dashboard.receiver.reply({ status: 503, body: 'closed for stocktaking' }, 200);
      const { deliveries } = await dashboard.dispatcher.emit('match', MATCH);
      await dashboard.advance(0);
      const listed = await manage('deliveries --state exhausted', dashboard);
      expect(listed.stdout).toMatch(new RegExp(`${deliveries[0]!.id} +match +1701234567890 +exhausted`));
      const { stdout } = await manage(`attempts ${deliveries[0]!.id} --json`, dashboard);
      expect(stdout).toContain('closed for stocktaking');
      expect(await manage('replay --failed', dashboard)).toMatchObject({
        code: 4,
        stderr: expect.stringContaining('say --yes'),
      });
      expect(await manage('replay --failed --yes', dashboard)).toMatchObject({
        code: 0,
        stdout: '1 message: 1 delivery is due again.\n',
      });
      await dashboard.advance(0);
      const [first, second] = dashboard.receiver.requests;
      expect(second!.text).toBe(first!.text);
      expect(await dashboard.deliveriesTo('1701234567890')).toMatchObject([
        { state: 'succeeded', attempts: 2 },
      ]);
    },
  );

  it(
    'adds webhooks with headers and retries',
    shows('glasses-dashboard', 'command-line', 'sent-once'),
    async () => {
      await using dashboard = await createDashboard();
      const added = await manage(
        'add "https://api.example.com/webhook" "My App" --header "X-Webhook-Secret: s3cret" --max-attempts 3',
        dashboard,
      );
      expect(added).toMatchObject({ code: 0, stderr: '' });
      expect(dashboard.config().endpoints).toMatchObject([
        {
          name: 'My App',
          events: ['match'],
          headers: { 'X-Webhook-Secret': 's3cret' },
          retry: { maxAttempts: 3 },
        },
      ]);
    },
  );

  it('works while no dashboard runs', shows('glasses-dashboard', 'command-line'), async () => {
    await using dashboard = await createDashboard({ config: oneWebhook() });
    await dashboard.dispatcher.stop();
    const { stdout } = await manage('list', dashboard);
    expect(stdout).toContain('1. My App ✓');
    expect((await manage('disable', dashboard)).code).toBe(0);
    expect(dashboard.config()).toMatchObject({ enabled: false });
  });
});
