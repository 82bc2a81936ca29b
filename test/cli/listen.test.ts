/** `posthorn listen`, as a process that real dispatchers and strangers send to. */
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { HeldPort } from '../../src/listener/held-port.ts';
import { createReceiver } from '../../src/testing/index.ts';
import { createCommandLine } from '../support/command-line.ts';
import { createSender, post, startListening } from '../support/listening.ts';
import { SCHEME_CASES, STANDARD_SECRET } from '../support/request-signing.ts';
import { onlyDelivery } from '../support/world.ts';

const SECRET = ['--secret', STANDARD_SECRET];

describe('posthorn listen', { timeout: 60_000 }, () => {
  it('shows what a dispatcher sends, and that its signature fits', async () => {
    await using listening = await startListening(await createCommandLine(), ...SECRET, '--verbose');
    await using sender = createSender();
    await sender.endpoints.create({ url: `${listening.url}hooks`, secret: STANDARD_SECRET });
    const { id } = await sender.emit('job.completed', { jobId: '42' });
    await sender.drain();
    expect(await onlyDelivery(sender)).toMatchObject({ state: 'succeeded', attempts: 1 });
    const { stdout, stderr, code } = await listening.interrupt();
    expect(stdout).toContain(`To send to it: posthorn add ${listening.url} --allow-private 127.0.0.0/8\n`);
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
      await listening.command.printed(
        /\n +✗ signature: signature_mismatch: .*\n +Most often the secret is another/,
      );
    }
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
    const bodies: readonly (string | Uint8Array<ArrayBuffer>)[] = [
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

  it.each(['127.0.0.1', 'localhost', '0.0.0.0'])('does not forward to itself: %s', async (host) => {
    await using held = await HeldPort.take();
    const { port } = held;
    await held.release();
    const refused = await (
      await createCommandLine()
    ).run('listen', '--port', String(port), '--forward', `http://${host}:${port}/hooks`);
    expect(refused).toEqual({
      code: 2,
      stdout: '',
      stderr: 'posthorn: --forward: this is where posthorn listen itself listens.\n',
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
    [['--host', ''], /Expected an address of this machine/],
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
