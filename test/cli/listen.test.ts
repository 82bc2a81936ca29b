/** `posthorn listen`, as a process that real dispatchers and strangers send to. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type DispatcherOptions, WebhookDispatcher } from '../../src/index.ts';
import { createManualClock, createReceiver } from '../../src/testing/index.ts';
import { createCommandLine } from '../support/command-line.ts';
import { startListening } from '../support/listening.ts';
import { SCHEME_CASES, STANDARD_SECRET } from '../support/request-signing.ts';
import { onlyDelivery } from '../support/world.ts';

const SECRET = ['--secret', STANDARD_SECRET];
const NETWORK = { allowPrivate: ['127.0.0.0/8', '::1/128'] };

/** A dispatcher whose time is moved, from now on: what it signs is to be fresh. */
function createSender(options: DispatcherOptions = {}): WebhookDispatcher & {
  readonly clock: ReturnType<typeof createManualClock>;
} {
  const clock = createManualClock({ startAt: Date.now() });
  return Object.assign(new WebhookDispatcher({ network: NETWORK, clock, ...options }), { clock });
}

const post = (
  url: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Response> => fetch(url, { method: 'POST', body, headers });

describe('posthorn listen', { timeout: 60_000 }, () => {
  it('shows what a dispatcher sends, and that its signature fits', async () => {
    await using listening = await startListening(await createCommandLine(), ...SECRET, '--verbose');
    expect(listening.command.stdout).toContain(
      `To send to it: posthorn add ${listening.url} --allow-private 127.0.0.0/8\n`,
    );
    await using sender = createSender();
    await sender.endpoints.create({ url: `${listening.url}hooks`, secret: STANDARD_SECRET });
    const { id } = await sender.emit('job.completed', { jobId: '42' });
    await sender.drain();
    expect(await onlyDelivery(sender)).toMatchObject({ state: 'succeeded', attempts: 1 });
    const { stdout, stderr, code } = await listening.interrupt();
    expect(stdout).toMatch(
      new RegExp(
        `\\n#1 +\\S+Z +POST /hooks +job\\.completed +${id} +\\d+ bytes\\n +✓ signature fits, signed .*\\n`,
      ),
    );
    expect(stdout).toMatch(new RegExp(`\\n {4}webhook-id: ${id}\\n`));
    expect(stdout).toMatch(/\n {4}\{\n {6}"type": "job\.completed",\n/);
    expect(stdout).toMatch(/\n#1 +→ 200\n\n1 request; the signature fits in 1, in 0 it does not\.\n$/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it.each(SCHEME_CASES.map((scheme) => [scheme.name, scheme] as const))(
    'checks the scheme %s',
    async (_name, { signature, secret, verifyFlags }) => {
      await using listening = await startListening(await createCommandLine(), '--json', ...verifyFlags);
      await using sender = createSender();
      await sender.endpoints.create({ url: listening.url, secret, signatures: [signature] });
      await sender.emit('job.completed', {});
      await sender.drain();
      expect(await listening.requests(1)).toMatchObject([
        { signature: { ok: true }, event_type: 'job.completed' },
      ]);
    },
  );

  it('says why a signature does not fit, and refuses only when it is told to', async () => {
    const cli = await createCommandLine();
    const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    for (const [flags, status] of [
      [[], 200],
      [['--strict'], 401],
    ] as const) {
      await using listening = await startListening(cli, '--secret', other, ...flags);
      await using sender = createSender();
      await sender.endpoints.create({ url: listening.url, secret: STANDARD_SECRET, retry: 'once' });
      await sender.emit('job.completed', {});
      await sender.drain();
      const { attemptLog } = await onlyDelivery(sender);
      expect(attemptLog).toMatchObject([{ response: { status } }]);
      expect(listening.command.stdout).toMatch(
        /\n +✗ signature: signature_mismatch: .*\n +Most often the secret is another/,
      );
    }
  });

  it('fails the first requests of each message, which a dispatcher tries again', async () => {
    await using listening = await startListening(
      await createCommandLine(),
      '--json',
      '--fail',
      '2',
      ...SECRET,
    );
    await using sender = createSender();
    await sender.endpoints.create({
      url: listening.url,
      secret: STANDARD_SECRET,
      retry: { kind: 'schedule', delaysMs: [1000, 1000, 1000], jitter: 0 },
    });
    const ids = [
      (await sender.emit('job.completed', { n: 1 })).id,
      (await sender.emit('job.failed', { n: 2 })).id,
    ];
    await sender.drain();
    for (let round = 2; round <= 3; round += 1) {
      await sender.clock.advance(1000);
      await sender.drain();
    }
    const requests = await listening.requests(6);
    for (const id of ids)
      expect(requests.filter((request) => request['message_id'] === id)).toMatchObject([
        { answer: { status: 503, why: expect.stringContaining('request 1 of this message') } },
        { answer: { status: 503 } },
        { answer: { status: 200 }, signature: { ok: true } },
      ]);
    const { items } = await sender.deliveries.list({});
    expect(items).toMatchObject([
      { state: 'succeeded', attempts: 3 },
      { state: 'succeeded', attempts: 3 },
    ]);
  });

  it('answers with a status, after a while', async () => {
    await using listening = await startListening(
      await createCommandLine(),
      '--status',
      '418',
      '--delay',
      '20ms',
    );
    expect((await post(listening.url, '{}')).status).toBe(418);
    expect(listening.command.stdout).toMatch(/\n#1 +→ 418, after 20 ms\n/);
  });

  it('answers the challenge of an endpoint and the handshake of CloudEvents, also when all else fails', async () => {
    await using listening = await startListening(await createCommandLine(), '--json', '--status', '500');
    for (const verification of ['challenge', 'handshake'] as const) {
      await using sender = createSender({ handshakeOrigin: 'hooks.example.com' });
      const { id } = await sender.endpoints.create({
        url: listening.url,
        verification,
        rateLimit: { limit: 10, intervalMs: 1000 },
      });
      expect(await sender.endpoints.verify(id), verification).toMatchObject({ verified: true });
    }
    const requests = await listening.requests(2);
    expect(requests.map(({ answer }) => answer)).toContainEqual({
      status: 200,
      why: 'the answer to a challenge',
    });
    expect(requests.map(({ answer }) => answer)).toContainEqual({
      status: 200,
      why: 'the consent to a handshake',
    });
  });

  it('forwards each request as it is, and gives back the answer', async () => {
    await using app = await createReceiver({ verify: { secret: STANDARD_SECRET } });
    app.reply({ status: 422, headers: { 'x-app': 'yes' }, body: 'no \u001b[31msuch job' });
    await using listening = await startListening(
      await createCommandLine(),
      '--forward',
      app.urlOf('/inner?a=1'),
      ...SECRET,
    );
    await using sender = createSender();
    await sender.endpoints.create({
      url: `${listening.url}outer`,
      secret: STANDARD_SECRET,
      headers: { 'X-Team': 'caf\u00e9' },
      retry: { kind: 'schedule', delaysMs: [1000], jitter: 0 },
    });
    await sender.emit('job.completed', {});
    await sender.drain();
    const { attemptLog } = await onlyDelivery(sender);
    expect(attemptLog).toMatchObject([
      { response: { status: 422, body: 'no \u001b[31msuch job', headers: { 'x-app': 'yes' } } },
    ]);
    expect(app.requests).toMatchObject([
      { method: 'POST', path: '/inner?a=1', headers: { 'x-team': 'caf\u00e9' }, verification: { ok: true } },
    ]);
    expect(listening.command.stdout).toMatch(
      /→ 422, forwarded, answered in \d+ ms\n {4}no \\u001b\[31msuch job\n/,
    );

    await app.close();
    expect((await post(listening.url, '{}')).status).toBe(502);
    expect(listening.command.stdout).toMatch(/#2 +→ 502, it could not be forwarded: ECONNREFUSED\n/);
  });

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
    expect(await cli.run(...args, ...SECRET)).toMatchObject({ code: 0 });
    expect(app.requests).toMatchObject([
      { verification: { ok: false } },
      { verification: { ok: true }, headers: { 'webhook-id': 'msg_1' }, text: '{"a":1}' },
    ]);
  });

  it('is a broken receiver', async () => {
    await using listening = await startListening(
      await createCommandLine(),
      '--fault',
      'reset_after_request',
      ...SECRET,
    );
    await using sender = createSender();
    await sender.endpoints.create({ url: listening.url, secret: STANDARD_SECRET, retry: 'once' });
    await sender.emit('job.completed', {});
    await sender.drain();
    expect((await onlyDelivery(sender)).attemptLog).toMatchObject([{ reason: 'connection_reset' }]);
    await listening.command.printed(
      /\n#1 .*job\.completed.*\n +✓ signature fits.*\n→ reset_after_request: it reads the request, then resets the connection\n/,
    );
  });

  it('bears hostile bodies, headers and paths', async () => {
    await using listening = await startListening(
      await createCommandLine(),
      '--verbose',
      '--max-body',
      '1mb',
      ...SECRET,
    );
    const evil = '\u001b[2J\u009b31m\u202e\r\u0000';
    const deep = '['.repeat(200_000);
    const bodies: readonly (string | Uint8Array)[] = [
      `{"type":"${evil.replaceAll(/[\u001b\r\u0000]/g, '')}\\u001b[2J","id":"\\u001b"}`,
      evil,
      Buffer.from([0xff, 0xfe, 0x00, 0x1b]),
      deep + ']'.repeat(200_000),
      '',
      'null',
      '{"type":{"__proto__":1},"data":null}',
    ];
    for (const body of bodies)
      expect(
        (await post(`${listening.url}%1b?\u009b`, body, { 'x-a': '\u009b31m', 'webhook-challenge': 'x' }))
          .status,
      ).toBe(200);
    expect((await post(listening.url, Buffer.alloc(10 * 1024 * 1024, 'x'))).status).toBe(413);
    expect((await fetch(listening.url)).status).toBe(200);
    const { stdout, stderr, code } = await listening.interrupt();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(stdout).toMatch(/\n#8 .* 10 MiB\n/);
    expect(stdout).toMatch(/#8 +→ 413, its body is longer than --max-body allows\n/);
    expect(stdout).toMatch(/\n {4}4 bytes that are no text: fffe001b\n/);
    expect(stdout.length).toBeLessThan(1024 * 1024);
  });

  it('tells scripts a line for each thing that happens', async () => {
    await using listening = await startListening(await createCommandLine(), '--json');
    await post(`${listening.url}a`, Buffer.from([0xff]), {
      'x-github-event': 'push',
      'x-github-delivery': 'd1',
    });
    await post(`${listening.url}b`, '{"type":"é\u009b"}');
    const { stdout } = await listening.interrupt();
    expect(
      stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      {
        event: 'listening',
        url: listening.url,
        add: `posthorn add ${listening.url} --allow-private 127.0.0.0/8`,
      },
      {
        event: 'request',
        number: 1,
        method: 'POST',
        path: '/a',
        event_type: 'push',
        message_id: 'd1',
        body_base64: '/w==',
        body_bytes: 1,
        answer: { status: 200 },
      },
      { event: 'request', number: 2, path: '/b', event_type: 'é\u009b', body: '{"type":"é\u009b"}' },
      { event: 'ended', requests: 2, fitting: 0, refused: 0 },
    ]);
    expect(stdout).not.toContain('\u009b');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends at once by %s, with an answer outstanding',
    async (signal) => {
      await using app = await createReceiver();
      app.hold();
      const cli = await createCommandLine();
      for (const flags of [
        ['--delay', '1h'],
        ['--forward', app.url],
      ]) {
        await using listening = await startListening(cli, ...flags);
        const answer = post(listening.url, '{}').then(
          () => 'answered',
          () => 'cut',
        );
        await (flags[0] === '--delay' ? listening.command.printed(/→ 200/) : app.waitFor(1));
        expect(await listening.command.end(signal)).toMatchObject({
          code: 0,
          stderr: '',
          stdout: expect.stringMatching(/\n\n1 request\.\n$/),
        });
        expect(await answer).toBe('cut');
      }
    },
  );

  it('says that its port is taken, and that its address is none', async () => {
    const cli = await createCommandLine();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    for (const more of [[], ['--fault', 'never_answers']])
      expect(await cli.run('listen', '--port', String(port), ...more)).toEqual({
        code: 5,
        stdout: '',
        stderr: `posthorn: Port ${port} of 127.0.0.1 is taken. Give another one with --port; --port 0 takes any that is free.\n`,
      });
    await new Promise((resolve) => taken.close(resolve));
    expect(await cli.run('listen', '--host', '203.0.113.1')).toMatchObject({
      code: 2,
      stderr: 'posthorn: --host: 203.0.113.1 is no address of this machine.\n',
    });
  });

  it('warns when it can be reached from elsewhere', async () => {
    await using listening = await startListening(await createCommandLine(), '--host', '0.0.0.0');
    expect((await post(listening.url, '{}')).status).toBe(200);
    expect((await listening.interrupt()).stderr).toMatch(
      /^posthorn: everybody who reaches this machine can send requests/,
    );
  });

  it.each<[args: readonly string[], message: RegExp]>([
    [['--status', '600'], /Expected a whole number from 200 to 599/],
    [['--fault', 'rest_after_request'], /Did you mean reset_after_request\?/],
    [['--fault', 'tls_expired'], /Did you mean|that --help lists/],
    [['--fault', 'never_answers', '--fail', '1'], /--fault and --fail exclude each other/],
    [['--fault', 'never_answers', '--host', '::1'], /a broken receiver listens on 127\.0\.0\.1 alone/],
    [['--forward', 'http://127.0.0.1:1/', '--status', '500'], /--status and --forward exclude each other/],
    [['--forward', 'localhost:3000'], /Expected an http: or https: URL/],
    [['--strict'], /--strict needs a secret or a public key/],
    [['--max-body', 'much'], /Expected a number of bytes/],
    [['--secret', 'short'], /--secret: expected a secret/],
    [['--replay', 'saved'], /--replay needs a URL/],
    [
      ['--replay', 'saved', '--forward', 'http://127.0.0.1:1/', '--max-body', '1'],
      /--replay and --max-body exclude each other/,
    ],
    [['--replay', 'saved', '--forward', 'http://127.0.0.1:1/'], /--replay: saved cannot be read: /],
    [['--replay', '.', '--forward', 'http://127.0.0.1:1/'], /--replay: \. holds no saved requests/],
  ])('refuses %j', async (args, message) => {
    const refused = await (await createCommandLine()).run('listen', ...args);
    expect(refused.stderr).toMatch(message);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
  });
});
