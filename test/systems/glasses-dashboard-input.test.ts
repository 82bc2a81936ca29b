/** What the backend of the glasses dashboard is asked by strangers, and what its command line reads. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CopiedExample, copyExample } from '../support/copied-example.ts';

let example: CopiedExample;
beforeAll(async () => {
  example = await copyExample('glasses-dashboard');
}, 60_000);
afterAll(() => example[Symbol.asyncDispose]());

const MODEL = { name: 'a.glb', image: 'a.jpg', data: 'AAAA', uploadedBy: 'catalogue' };

function setup() {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-dashboard-'));
  const options = { cwd: example.folder, env: { ...process.env, WEBHOOK_FOLDER: folder, PORT: '0' } };
  return { folder, options, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

describe('the backend of the dashboard', { timeout: 30_000 }, () => {
  it('refuses what it cannot use, naming the field, before anything comes of it', async () => {
    using system = setup();
    const backend = spawn(process.execPath, ['backend.mjs'], system.options);
    const errors: string[] = [];
    backend.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
    const [line] = (await once(createInterface(backend.stdout), 'line')) as [string];
    const post = async (path: string, body: unknown): Promise<unknown[]> => {
      const response = await fetch(`${line.replace('Dashboard on ', '')}/api/${path}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return [response.status, await response.json()];
    };
    try {
      for (const [path, body, problem] of [
        ['models', '', 'name: '],
        ['models', '{', 'body: expected JSON'],
        ['models', 'null', 'body: '],
        ['models', '5', 'body: '],
        ['models', { ...MODEL, name: '\ud800' }, 'name: '],
        ['models', { ...MODEL, image: undefined }, 'image: '],
        ['models', { ...MODEL, data: 5 }, 'data: '],
        ['models', { ...MODEL, uploadedBy: 'x'.repeat(400_000) }, 'uploadedBy: '],
        ['match', {}, 'images: '],
        ['match', { images: [] }, 'images: '],
        ['match', { images: 'abc' }, 'images: '],
        ['match', { images: ['AAAA', null] }, 'images[1]: '],
      ] as const)
        expect(await post(path, body)).toEqual([400, { error: expect.stringContaining(problem) }]);
      expect(await post('rebuild', '')).toEqual([200, { models_count: 0, success: true }]);
      expect(await post('models', MODEL)).toEqual([200, { model_name: 'a.glb' }]);
      expect(await post('match', { images: ['AAAA'] })).toMatchObject([200, { best_model: 'a.glb' }]);
      expect(errors.join('')).not.toMatch(/Error|^ +at /m);
    } finally {
      const ended = once(backend, 'exit');
      backend.kill();
      await ended;
    }
  });
});

describe('list', { timeout: 30_000 }, () => {
  const list = (system: ReturnType<typeof setup>) =>
    spawnSync(process.execPath, ['manage-webhooks.mjs', 'list'], {
      ...system.options,
      encoding: 'utf8',
      maxBuffer: Infinity,
    });

  it('prints thousands of webhooks, each on its own lines, whatever their names', () => {
    using system = setup();
    const endpoints = Array.from({ length: 2_500 }, (_, n) => ({
      name: `App ${n}\u001b[31m\u009b31m\r\n\u202e`,
      url: `https://app.example/${n}`,
      events: ['match'],
    }));
    writeFileSync(join(system.folder, 'webhook_config.json'), JSON.stringify({ endpoints }));
    const { status, stdout, stderr } = list(system);
    expect([status, stderr]).toEqual([0, '']);
    const named = stdout.split('\n').filter((line) => /^\d+\. App/.test(line));
    expect(named).toHaveLength(2_500);
    expect(named).toContain(String.raw`2500. App 2499\u001b[31m\u009b31m\u000d\u000a\u202e ✓`);
  });

  it.each(['', '{"enabled', 'null', 'a folder'])('says what is wrong with the file: %j', (content) => {
    using system = setup();
    const file = join(system.folder, 'webhook_config.json');
    if (content === 'a folder') mkdirSync(file);
    else writeFileSync(file, content);
    const { status, stdout, stderr } = list(system);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^manage-webhooks: .*webhook_config\.json.*\n$/);
  });
});
