/** Receivers of RemoteDevAI, as they are printed, in real Express and Flask. */
import { createHmac } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { createRecipe } from '../support/cloud.ts';
import { startPrinted } from '../support/printed-receiver.ts';
import type { ProgramServer } from '../support/program-server.ts';
import { isAllRequired, requirements } from '../support/requirements.ts';
import { serveGuide } from '../support/serve-guide.ts';
import { printedBlock } from '../support/system-documents.ts';
import { shows } from './rows.ts';

/** Stands in the printed code. */
const SECRET = 'your_webhook_secret_here';
const PATH = '/webhooks/remotedevai';
const HOUR = 3_600_000;
const LIMIT = { timeout: 60_000 };
/** Lines of a process come when they come. */
const WAIT = { timeout: 30_000 };
const DATA = {
  id: 'p1',
  name: 'Ünïcode "project"',
  2: 'two',
  1: 'one',
  list: [1.5, null, { a: [] }],
  createdAt: new Date(),
};

/** Its clock, which a test puts ahead. */
const AHEAD = `const realNow = Date.now;
Date.now = () => realNow() + Number(process.env.AHEAD_MS ?? 0);
`;

const startExpress = (aheadMs = 0): Promise<ProgramServer> =>
  startPrinted({
    language: 'node',
    before: AHEAD,
    printed: printedBlock('remotedev-cloud', 'javascript', 'app.listen(3000)'),
    env: { AHEAD_MS: String(aheadMs) },
  });

/** One request of the recipe, as it came. */
async function recordRequest(): Promise<{ headers: Record<string, string>; body: string }> {
  await using cloud = await createRecipe({}, Date.now());
  await cloud.createEndpoint({ tenant: 'user-1', secret: SECRET });
  await cloud.triggerEvent({ eventType: 'project.created', userId: 'user-1', data: DATA });
  await cloud.advance(0);
  const [{ headers, text }] = cloud.receiver.requests as [(typeof cloud.receiver.requests)[0]];
  return { headers: { ...headers }, body: text };
}

/** Sends a request again, whole or changed. */
async function post(
  url: string,
  { headers, body }: { readonly headers: Record<string, string>; readonly body: string },
): Promise<number> {
  const names = ['content-type', 'x-webhook-timestamp', 'x-webhook-signature'];
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: names.map((name) => [name, headers[name] ?? ''] as [string, string]),
  });
  await response.arrayBuffer();
  return response.status;
}

const sign = (time: string, body: string): string =>
  createHmac('sha256', SECRET).update(`${time}.${body}`).digest('hex');

describe('receiver: Express, as RemoteDevAI prints it', LIMIT, () => {
  it('accepts what is sent', shows('remotedev-cloud', 'receivers', 'body'), async () => {
    await using receiver = await startExpress();
    await using cloud = await createRecipe({}, Date.now());
    const { id } = await cloud.createEndpoint({
      url: receiver.origin + PATH,
      tenant: 'user-1',
      secret: SECRET,
    });
    await cloud.triggerEvent({ eventType: 'project.created', userId: 'user-1', data: DATA });
    await cloud.dispatcher.endpoints.test(id);
    await cloud.dispatcher.drain();
    expect(await cloud.deliveriesTo(id)).toMatchObject([
      {
        state: 'succeeded',
        attempts: 1,
        attemptLog: [{ response: { status: 200, body: '{"received":true}' } }],
      },
      { state: 'succeeded', attempts: 1 },
    ]);
    const lines = ['Event: project.created', 'Ünïcode "project"', 'Event: posthorn.test'];
    await vi.waitUntil(() => lines.every((line) => receiver.output().includes(line)), WAIT);
  });

  it(
    'refuses the first attempt of hours ago, and accepts the retry',
    shows('remotedev-cloud', 'receivers', 'signature'),
    async () => {
      // Two hours ahead: for it, the first attempt is too old. The second is made when its time has come.
      await using receiver = await startExpress(2 * HOUR);
      await using cloud = await createRecipe({ WEBHOOK_RETRY_DELAYS_MS: String(2 * HOUR) }, Date.now());
      const { id } = await cloud.createEndpoint({
        url: receiver.origin + PATH,
        tenant: 'user-1',
        secret: SECRET,
      });
      await cloud.triggerEvent({ eventType: 'session.ended', userId: 'user-1', data: {} });
      await cloud.advance(2 * HOUR);
      expect(await cloud.deliveriesTo(id)).toMatchObject([
        {
          state: 'succeeded',
          attemptLog: [
            { response: { status: 401, body: '{"error":"Invalid signature"}' } },
            { response: { status: 200 } },
          ],
        },
      ]);
    },
  );

  it(
    'refuses what is older than 300 s, changed or signed by another',
    shows('remotedev-cloud', 'receivers', 'signature'),
    async () => {
      const request = await recordRequest();
      const { headers } = request;
      await using receiver = await startExpress();
      expect(await post(receiver.origin + PATH, request)).toBe(200);
      expect(await post(receiver.origin + PATH, { headers, body: request.body.replace('p1', 'p2') })).toBe(
        401,
      );
      const forged = createHmac('sha256', 'another secret').update(request.body).digest('hex');
      expect(
        await post(receiver.origin + PATH, {
          ...request,
          headers: { ...headers, 'x-webhook-signature': forged },
        }),
      ).toBe(401);
      await using later = await startExpress(302_000);
      expect(await post(later.origin + PATH, request)).toBe(401);
    },
  );

  it(
    'takes a signature of the future, as the recipe says',
    shows('remotedev-cloud', 'receivers'),
    async () => {
      const request = await recordRequest();
      await using receiver = await startExpress(-HOUR);
      expect(await post(receiver.origin + PATH, request)).toBe(200);
    },
  );
});

const flask = requirements.flask();

describe('receiver: Flask, as RemoteDevAI prints it', LIMIT, () => {
  if (flask.found === undefined) {
    it.runIf(isAllRequired())(`is left out, because ${flask.missing}`, () => {
      expect.unreachable(flask.missing);
    });
    return;
  }

  it(
    'cannot verify as printed, because json.dumps writes other bytes',
    shows('remotedev-cloud', 'receivers'),
    async () => {
      const printed = printedBlock('remotedev-cloud', 'python', 'app.run(port=3000)');
      expect(printed).toContain('payload_string = json.dumps(payload)');
      await using receiver = await startPrinted({ language: 'python', printed });
      const { headers, body } = await recordRequest();
      expect(await post(receiver.origin + PATH, { headers, body })).toBe(401);
      // The same message, signed as json.dumps writes it: spaces after separators, and nothing but ASCII.
      const dumped = JSON.stringify(JSON.parse(body), null, 1)
        .replace(/\n */g, ' ')
        .replace(/([[{]) /g, '$1')
        .replace(/ ([\]}])/g, '$1')
        .replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
      const signature = sign(headers['x-webhook-timestamp']!, dumped);
      expect(
        await post(receiver.origin + PATH, {
          headers: { ...headers, 'x-webhook-signature': signature },
          body,
        }),
      ).toBe(200);
      await vi.waitUntil(() => receiver.output().includes('Event: project.created'), WAIT);
    },
  );

  it(
    'verifies as the guide has it: over the raw body',
    shows('remotedev-cloud', 'receivers', 'signature'),
    async () => {
      await using receiver = await serveGuide({
        program: flask.found,
        files: ['timestamped.py'],
        args: () => ['timestamped.py'],
        ready: /Running on http/,
        secrets: [SECRET],
      });
      await using cloud = await createRecipe({}, Date.now());
      const { id } = await cloud.createEndpoint({
        url: receiver.url,
        tenant: 'user-1',
        secret: SECRET,
      });
      await cloud.triggerEvent({ eventType: 'project.created', userId: 'user-1', data: DATA });
      await cloud.dispatcher.drain();
      expect(await cloud.deliveriesTo(id)).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
      const request = await recordRequest();
      expect(await post(receiver.url, { ...request, body: request.body.replace('p1', 'p2') })).toBe(401);
      const old = String(Math.floor(Date.now() / 1000) - 301);
      const headers = {
        ...request.headers,
        'x-webhook-timestamp': old,
        'x-webhook-signature': sign(old, request.body),
      };
      expect(await post(receiver.url, { headers, body: request.body })).toBe(401);
      await vi.waitUntil(() => receiver.output().includes('project.created'), WAIT);
    },
  );
});
