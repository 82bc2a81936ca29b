/** How commands end: when they are told to, when something keeps them, and when nothing does. */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createReceiver } from '../../src/testing/index.ts';
import { createCommandLine } from '../support/command-line.ts';

const ENDED = 'posthorn: Ended before it was done. What was stored until then stays.\n';

describe('a command', { timeout: 60_000 }, () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('that waits for an API is ended by %s', async (signal) => {
    await using api = await createReceiver();
    api.hold();
    const cli = await createCommandLine(['--url', api.url]);
    for (const args of [['list'], ['emit', 'job.done', '{}'], ['replay', '--yes']]) {
      api.clear();
      await using command = cli.start(...args);
      await api.waitFor(1, { timeoutMs: 20_000 });
      expect(await command.end(signal)).toEqual({ code: 130, stdout: '', stderr: ENDED });
    }
  });

  it('that waits for its configuration is ended by SIGINT', async () => {
    await using told = await createReceiver();
    const cli = await createCommandLine();
    const wait = `await fetch('${told.url}'); setInterval(() => {}, 1000); export default () => new Promise(() => {});`;
    cli.write('posthorn.config.mjs', wait);
    await using command = cli.start('list');
    await told.waitFor(1, { timeoutMs: 20_000 });
    expect(await command.end('SIGINT')).toEqual({ code: 130, stdout: '', stderr: ENDED });
  });

  it('whose configuration never comes says so', async () => {
    const cli = await createCommandLine();
    cli.write('posthorn.config.mjs', 'export default () => new Promise(() => {})');
    expect(await cli.run('list')).toEqual({
      code: 5,
      stdout: '',
      stderr: 'posthorn: it waited for something that never came. Does posthorn.config wait for it?\n',
    });
  });

  it('is not kept by what its configuration has begun', async () => {
    const cli = await createCommandLine();
    mkdirSync(join(cli.folder, 'webhooks/journal'), { recursive: true });
    cli.write('posthorn.config.mjs', 'setInterval(() => undefined, 1000); export default {};');
    expect(await cli.run('list')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^No endpoints/) });
  });

  it.runIf(process.platform === 'linux')('says that its answer cannot be written', async () => {
    const cli = await createCommandLine();
    const program = join(cli.folder, '../node_modules/posthorn/dist/cli.js');
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [program, '--help'], { stdio: ['ignore', full, 'pipe'] });
    let stderr = '';
    child.stderr!.on('data', (text) => (stderr += String(text)));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, stderr }).toEqual({
      code: 5,
      stderr: 'posthorn: cannot write: ENOSPC: no space left on device, write\n',
    });
  });

  it.each([
    ['an empty folder', []],
    ['a folder of something else', ['package.json']],
  ])('that only looks leaves nothing in %s', async (_what, names) => {
    const cli = await createCommandLine();
    mkdirSync(join(cli.folder, 'webhooks'));
    for (const name of names) cli.write(join('webhooks', name), '{}');
    for (const args of [['list'], ['doctor'], ['deliveries'], ['show', 'ep_1']])
      expect(await cli.run(...args)).toMatchObject({
        code: 5,
        stderr: expect.stringMatching(/^posthorn: There is no store at \.\/webhooks\. /),
      });
    expect(readdirSync(join(cli.folder, 'webhooks'))).toEqual(names);
  });
});

describe('over --url', { timeout: 60_000 }, () => {
  it('what is no answer of the API is told as such', async () => {
    await using other = await createReceiver();
    const cli = await createCommandLine(['--url', other.url]);
    for (const body of ['<html>', '', '{}', 'null', '"text"', '{"data":5}', '{"data":{"a":1}}']) {
      other.always({ status: 200, body });
      expect(await cli.run('list')).toEqual({
        code: 5,
        stdout: '',
        stderr: `posthorn: GET ${other.url.replace(/\/+$/, '')}/webhooks was answered with 200: not by the webhook API\n`,
      });
    }
  });

  it('no part of a token that cannot be sent is shown', async () => {
    const cli = await createCommandLine(['--url', 'http://127.0.0.1:2/api']);
    for (const token of ['hunter2\nnext', ' hunter2', 'hunter2…', '\u0001hunter2'])
      for (const run of [
        cli.run('list', '--token', token),
        cli.withEnv({ POSTHORN_TOKEN: token }).run('list'),
      ]) {
        const { code, stderr } = await run;
        expect([code, stderr]).toEqual([2, expect.stringMatching(/^posthorn: apiKey: expected a text that/)]);
        expect(stderr).not.toContain('hunter2');
      }
  });
});

describe('wrong values', { timeout: 60_000 }, () => {
  it.each<[args: readonly string[], message: RegExp]>([
    [['show', '..'], /^posthorn: id: expected the id/],
    [['show', 'health'], /^posthorn: id: expected the id/],
    [['messages', '..'], /^posthorn: id: expected the id/],
    [['list', '--tenant', ''], /^posthorn: --tenant: expected 1 to 256 characters/],
    [['emit', 'a.b', '1', '--idempotency-key', 'a\nb'], /^posthorn: idempotencyKey: expected a text that/],
    [
      ['add', 'https://example.com/', '--retry', 'short', '--max-attempts', '3'],
      /^posthorn: --retry and --max-attempts exclude each other/,
    ],
  ])('%j', async (args, message) => {
    const cli = await createCommandLine();
    mkdirSync(join(cli.folder, 'webhooks/journal'), { recursive: true });
    expect(await cli.run(...args)).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
  });
});
