/** What `posthorn listen` saves, and sends again. */
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createReceiver } from '../../src/testing/index.ts';
import { createCommandLine } from '../support/command-line.ts';
import { createSender, post, startListening } from '../support/listening.ts';
import { STANDARD_SECRET } from '../support/request-signing.ts';

const SECRET = ['--secret', STANDARD_SECRET];

describe('the saved requests of posthorn listen', { timeout: 60_000 }, () => {
  it('saves requests byte for byte, which can be verified and sent again', async () => {
    const cli = await createCommandLine();
    const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x0d, 0x0a]);
    {
      await using listening = await startListening(cli, '--save', './saved');
      await using sender = createSender();
      await sender.endpoints.create({ url: listening.url, secret: STANDARD_SECRET });
      await sender.emit('job.completed', {});
      await sender.drain();
      await post(`${listening.url}raw`, bytes, { 'x-key': 'a' });
      expect((await listening.interrupt()).stdout).toMatch(/\n +saved as saved\/\S+\.json\n/);
    }
    const [first, second, ...others] = readdirSync(join(cli.folder, 'saved')).sort();
    expect(others).toEqual([]);
    expect(statSync(join(cli.folder, 'saved', first!)).mode & 0o077).toBe(0);
    expect(await cli.json(['verify', `saved/${first}`, ...SECRET])).toMatchObject({ ok: true });

    await using app = await createReceiver({ verify: { secret: STANDARD_SECRET } });
    expect(await cli.run('listen', '--replay', 'saved', '--forward', app.urlOf('/again'))).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/job\.completed[^]*→ 204, forwarded[^]*2 of 2 were accepted\.\n$/),
    });
    expect(app.requests).toMatchObject([
      { path: '/again', verification: { ok: true } },
      { path: '/again', body: bytes, headers: { 'x-key': 'a' } },
    ]);
    const saved = JSON.parse(readFileSync(join(cli.folder, 'saved', second!), 'utf8')) as { path: string };
    expect(saved.path).toBe('/raw');
  });

  it('signs what it sends again, when it is given a secret', async () => {
    const cli = await createCommandLine();
    const old = {
      received_at: 0,
      method: 'POST',
      path: '/',
      body_base64: Buffer.from('{"a":1}').toString('base64'),
    };
    const headers = [
      ['Webhook-Id', 'msg_1'],
      ['webhook-timestamp', '1'],
      ['webhook-signature', 'v1,AAAA'],
    ];
    cli.write('old.json', JSON.stringify({ ...old, headers }));
    await using app = await createReceiver({ verify: { secret: STANDARD_SECRET } });
    app.reply(401);
    const args = ['listen', '--replay', 'old.json', '--forward', app.url];
    const refused = await cli.run(...args);
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringMatching(/0 of 1 were accepted\.\n$/) });
    expect(refused.stderr).toMatch(/--secret signs each request anew/);
    app.reply(401);
    expect(await cli.run(...args, ...SECRET)).toMatchObject({ code: 1, stderr: '' });
    expect(await cli.run(...args, ...SECRET)).toMatchObject({ code: 0 });
    expect(app.requests).toMatchObject([
      { verification: { ok: false } },
      { verification: { ok: true } },
      { verification: { ok: true }, headers: { 'webhook-id': 'msg_1' }, text: '{"a":1}' },
    ]);
  });

  it('sends none of them when one is no request, and minds no odd times', async () => {
    const cli = await createCommandLine();
    const saved = { received_at: 1e99, method: 'POST', path: '/', headers: [], body_base64: '' };
    mkdirSync(join(cli.folder, 'saved'));
    cli.write('saved/a.json', JSON.stringify(saved));
    await using app = await createReceiver();
    const args = ['listen', '--replay', 'saved', '--forward', app.url];
    expect(await cli.run(...args)).toMatchObject({ code: 0 });
    cli.write('saved/b.json', '[]');
    expect(await cli.run(...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(/b\.json is no saved request/),
    });
    expect(app.received).toBe(1);
  });
});
