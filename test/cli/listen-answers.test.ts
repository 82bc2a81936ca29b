/** What `posthorn listen` answers to dispatchers. */
import { describe, expect, it } from 'vitest';
import { createReceiver } from '../../src/testing/index.ts';
import { createCommandLine } from '../support/command-line.ts';
import { createSender, post, startListening } from '../support/listening.ts';
import { STANDARD_SECRET } from '../support/request-signing.ts';
import { onlyDelivery } from '../support/world.ts';

const SECRET = ['--secret', STANDARD_SECRET];

describe('the answers of posthorn listen', { timeout: 60_000 }, () => {
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
    await listening.command.printed(/\n#1 +→ 418, after 20 ms\n/);
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
    await listening.command.printed(/→ 422, forwarded, answered in \d+ ms\n {4}no \\u001b\[31msuch job\n/);

    await app.close();
    expect((await post(listening.url, '{}')).status).toBe(502);
    await listening.command.printed(/#2 +→ 502, it could not be forwarded: ECONNREFUSED\n/);
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
});
