/** The receivers of the guide, as they stand there: what the dispatcher sends is handled, everything else is refused. */
import { fileURLToPath } from 'node:url';
import { createHarness } from 'posthorn/testing';
import { describe, expect, it, vi } from 'vitest';
import { standardV1 } from '../support/expected-signatures.ts';
import { programWith, toJavaScript } from '../support/guide-program.ts';
import { isAllRequired, nameReceiver, type Requirement, requirements } from '../support/requirements.ts';
import { type GuideServer, serveGuide, type ServeOptions } from '../support/serve-guide.ts';

const KEY = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const OTHER_KEY = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

interface Language {
  readonly name: string;
  readonly requirement: Requirement;
  readonly options: Pick<ServeOptions, 'files' | 'args' | 'ready'>;
  /** Whether it remembers ids. */
  readonly remembers: boolean;
}

const LANGUAGES: readonly Language[] = [
  {
    name: 'Python, standard library',
    requirement: requirements.python(),
    options: { files: ['webhooks.py', 'server.py'], args: () => ['server.py'], ready: /^listening$/m },
    remembers: true,
  },
  {
    name: 'Python, Flask',
    requirement: requirements.flask(),
    options: { files: ['webhooks.py', 'app.py'], args: () => ['app.py'], ready: /Running on http/ },
    remembers: true,
  },
  {
    name: 'PHP',
    requirement: requirements.php(),
    options: {
      files: ['hooks.php'],
      args: (port) => ['-S', `127.0.0.1:${port}`, 'hooks.php'],
      ready: /Development Server .* started/,
    },
    remembers: false,
  },
];

const titleOf = ({ name, requirement }: Language): string => nameReceiver(name, requirement);

const bodyOf = (data: unknown): string =>
  JSON.stringify({ type: 'job.completed', timestamp: '2026-01-01T00:00:00.000Z', data });

const BODY = bodyOf({ jobId: 'ünï-42' });

interface Signed {
  readonly id?: string;
  readonly seconds?: number | string;
  readonly key?: string;
  readonly body?: string;
}

/** Headers of a request that is signed as told, at this moment if not told otherwise. */
function sign({ id = 'msg_1', seconds = nowSeconds(), key = KEY, body = BODY }: Signed = {}) {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': standardV1(key, id, seconds as number, body),
  };
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

async function post({ url }: GuideServer, headers: Record<string, string>, body = BODY): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  await response.arrayBuffer();
  return response.status;
}

/** How often it has done its work for this job. */
const timesOf = (server: GuideServer, jobId: string): number =>
  server.output().split(`job.completed ${jobId}`).length - 1;

describe.each(LANGUAGES.map((language) => [titleOf(language), language] as const))(
  '%s',
  { timeout: 30_000 },
  (_, { requirement, options, remembers }) => {
    if (requirement.found === undefined) {
      it.runIf(isAllRequired())(`is left out, because ${requirement.missing}`, () => {
        expect.unreachable(requirement.missing);
      });
      return;
    }
    const { found: program } = requirement;
    const serve = (secrets: readonly string[] = [KEY]) => serveGuide({ program, ...options, secrets });

    it('handles what the dispatcher sends, through a rotation', async () => {
      await using server = await serve([KEY, OTHER_KEY]);
      await using harness = await createHarness({ startAt: Date.now() });
      const endpoint = await harness.createEndpoint({ url: server.url, secret: KEY });
      await harness.dispatcher.emit('job.completed', { jobId: 'ünï-1' });
      await harness.dispatcher.endpoints.rotateSecret(endpoint.id, { secret: OTHER_KEY, graceMs: 0 });
      await harness.dispatcher.emit('job.completed', { jobId: 'ünï-2' });
      await harness.dispatcher.drain();
      const deliveries = await harness.deliveriesTo(endpoint);
      expect(deliveries.map(({ state, attempts }) => [state, attempts])).toEqual([
        ['succeeded', 1],
        ['succeeded', 1],
      ]);
      await vi.waitUntil(() => timesOf(server, 'ünï-1') === 1 && timesOf(server, 'ünï-2') === 1);
    });

    it('accepts one good signature among several, and no more than twenty', async () => {
      await using server = await serve();
      const headers = sign();
      const good = headers['webhook-signature'];
      const several = `v2,x v1,AAAA ${standardV1(OTHER_KEY, 'msg_1', nowSeconds(), BODY)} ${good}`;
      expect(await post(server, { ...headers, 'webhook-signature': several })).toBe(204);
      const many = `${'v1,AAAA '.repeat(20)}${good}`;
      expect(await post(server, { ...headers, 'webhook-signature': many })).toBe(401);
    });

    it('refuses what is not genuine, and does nothing', async () => {
      await using server = await serve();
      const good = sign();
      const cases: readonly (readonly [what: string, headers: Record<string, string>, body?: string])[] = [
        ['no headers', {}],
        ['another body', good, `${BODY} `],
        ['another key', sign({ key: OTHER_KEY })],
        ['another id', { ...good, 'webhook-id': 'msg_2' }],
        ['an id with a dot', sign({ id: 'a.b' })],
        ['two ids', sign({ id: 'msg_1, msg_1' })],
        ['too old', sign({ seconds: nowSeconds() - 310 })],
        ['too new', sign({ seconds: nowSeconds() + 310 })],
        ...[`${nowSeconds()}abc`, `0${nowSeconds()}`, `+${nowSeconds()}`, `${nowSeconds()}.5`, '1e9', ''].map(
          (seconds) => [`the time ${seconds}`, sign({ seconds })] as const,
        ),
        [
          'another version',
          { ...good, 'webhook-signature': good['webhook-signature'].replace('v1,', 'v2,') },
        ],
        ['a short signature', { ...good, 'webhook-signature': 'v1,AAAA' }],
        ['no signature', { ...good, 'webhook-signature': '' }],
        ['a signature that is no ASCII', { ...good, 'webhook-signature': `${good['webhook-signature']}é` }],
      ];
      const answers: (readonly [string, number])[] = [];
      for (const [what, headers, body] of cases) answers.push([what, await post(server, headers, body)]);
      expect(answers).toEqual(cases.map(([what]) => [what, 401]));
      expect(timesOf(server, 'ünï-42')).toBe(0);
    });

    it('refuses a body of more than 1 MiB', async () => {
      await using server = await serve();
      const body = bodyOf({ jobId: 'x'.repeat(1024 * 1024) });
      expect(await post(server, sign({ body }), body).catch(() => 413)).toBe(413);
      const long = bodyOf({ jobId: 'y'.repeat(1_000_000) });
      expect(await post(server, sign({ body: long }), long)).toBe(204);
    });

    it('answers 500 when the work fails, and does it when the message comes again', async () => {
      await using server = await serve();
      const broken = bodyOf({});
      expect(await post(server, sign({ body: broken }), broken)).toBe(500);
      expect(await post(server, sign())).toBe(204);
      await vi.waitUntil(() => timesOf(server, 'ünï-42') === 1);
    });

    if (remembers)
      it('does the work of a message once, at whatever times it comes', async () => {
        await using server = await serve();
        const answers = await Promise.all(Array.from({ length: 5 }, () => post(server, sign())));
        answers.push(await post(server, sign()));
        expect(answers).toEqual(answers.map(() => 204));
        expect(await post(server, sign({ id: 'msg_other' }))).toBe(204);
        await vi.waitUntil(() => timesOf(server, 'ünï-42') === 2);
      });

    it('does not work without a secret', async () => {
      const emptyKey = sign({ key: 'whsec_' });
      const status = await serve(['']).then(
        async (server) => {
          await using running = server;
          return await post(running, emptyKey);
        },
        (error: unknown) => String(error),
      );
      expect(status === 500 || /empty secret/.test(String(status))).toBe(true);
    });
  },
);

describe(`receiver: Node.js ${process.version}`, { timeout: 30_000 }, () => {
  it('handles what the dispatcher sends, once', async () => {
    const text = toJavaScript(programWith('receiving', 'ts', '.listen(4000)'));
    const program = text
      .replace("'posthorn/receiver'", "'./src/receiver/index.ts'")
      .replace('.listen(4000)', ".listen(process.env['PORT'], () => console.log('listening'))");
    await using server = await serveGuide({
      program: process.execPath,
      files: [],
      args: () => ['--import', 'tsx', '--input-type=module', '-e', program],
      folder: fileURLToPath(new URL('../..', import.meta.url)),
      ready: /^listening$/m,
      secrets: [KEY],
    });
    await using harness = await createHarness({ startAt: Date.now() });
    const endpoint = await harness.createEndpoint({ url: server.url, secret: KEY });
    const { id } = await harness.dispatcher.emit('job.completed', { jobId: 'ünï-1' });
    await harness.dispatcher.drain();
    expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
    expect([await post(server, sign()), await post(server, sign())]).toEqual([204, 204]);
    expect(await post(server, sign({ key: OTHER_KEY }))).toBe(401);
    await vi.waitUntil(() => server.output().includes('msg_1 job.completed'));
    expect(server.output().match(/^.* job.completed .*$/gm)).toEqual([
      `${id} job.completed { jobId: 'ünï-1' }`,
      "msg_1 job.completed { jobId: 'ünï-42' }",
    ]);
  });
});
