/** What a handler does about trouble of its own application: told to `onError`, answered, and never an exception. */
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../src/testing/manual-clock.ts';
import { createWebHandler } from '../../src/receiver/web-handler.ts';
import type { WebhookHandlerOptions } from '../../src/receiver/handler-options.ts';
import { memorySeenStore } from '../../src/receiver/memory-seen-store.ts';
import type { SeenStore } from '../../src/receiver/seen-store.ts';
import { BODY, ID, KEY, NOW, signedCases } from './signed.ts';

const signed = signedCases();

/** One request in the process; what came of it. */
async function receive(
  options: Partial<WebhookHandlerOptions>,
  { headers = signed['standard']!.headers, body = BODY } = {},
) {
  const errors: unknown[] = [];
  const handle = createWebHandler({
    secret: KEY,
    now: () => NOW,
    handle: () => {},
    onError: (error) => void errors.push(error),
    ...options,
  });
  const response = await handle(new Request('http://x/', { method: 'POST', body, headers }));
  return { status: response.status, errors };
}

const trouble = new Error('trouble');
const fail = (): never => {
  throw trouble;
};
const forged = { headers: {} };

describe('functions of the application', () => {
  it.each<[string, Partial<WebhookHandlerOptions>, object, number, number]>([
    ['handle that throws', { handle: fail }, {}, 500, 1],
    ['handle that rejects', { handle: () => Promise.reject(trouble) }, {}, 500, 1],
    ['onRefused that throws', { onRefused: fail }, forged, 401, 1],
    ['onRefused that rejects', { onRefused: () => Promise.reject(trouble) }, forged, 401, 1],
    ['respondFirst that throws', { respondFirst: fail }, {}, 204, 1],
    ['respondFirst that rejects', { respondFirst: () => Promise.reject(trouble) }, {}, 204, 1],
    ['now that throws', { now: fail }, {}, 500, 1],
  ])('%s is answered and reported', async (_, options, request, status, count) => {
    const result = await receive(options, request);
    expect(result).toEqual({ status, errors: Array.from({ length: count }, () => trouble) });
  });

  it.each<[string, () => unknown]>([
    ['throws', fail],
    ['rejects', () => Promise.reject(trouble)],
  ])('an onError that %s changes nothing', async (_, onError) => {
    expect(await receive({ handle: fail, onError })).toMatchObject({ status: 500 });
    expect(await receive({ onRefused: fail, onError }, forged)).toMatchObject({ status: 401 });
  });
});

describe('acceptedStatus', () => {
  it.each<[string, Partial<WebhookHandlerOptions>]>([
    ['when a message was handled', {}],
    ['before it is handled', { respondFirst: true }],
    ['when it was handled before', { deduplicate: { store: memorySeenStore() } }],
  ])('is answered %s', async (_, options) => {
    for (let time = 0; time < 2; time += 1)
      expect(await receive({ ...options, acceptedStatus: 200 })).toEqual({ status: 200, errors: [] });
  });

  it('changes nothing about refusals, and about work that fails', async () => {
    expect(await receive({ acceptedStatus: 200 }, forged)).toMatchObject({ status: 401 });
    expect(await receive({ acceptedStatus: 200, handle: fail })).toMatchObject({ status: 500 });
  });
});

describe('an id in the data', () => {
  const body = '{"event":"job.done","job_id":"42"}';
  const { options, headers } = signedCases(body)['hex']!;

  it('tells repetitions where the sender has no id', async () => {
    const types: string[] = [];
    const own: Partial<WebhookHandlerOptions> = {
      ...options,
      envelope: 'raw',
      deduplicate: { store: memorySeenStore() },
      handle: ({ type }) => void types.push(type),
    };
    const identify: WebhookHandlerOptions['identify'] = (data) => {
      const { event, job_id } = data as { readonly event: string; readonly job_id: string };
      return { id: `${event} ${job_id}`, type: event };
    };
    for (let time = 0; time < 2; time += 1)
      expect(await receive({ ...own, identify }, { headers, body })).toEqual({ status: 204, errors: [] });
    expect(types).toEqual(['job.done']);
    expect(await receive(own, { headers, body })).toMatchObject({ status: 400 });
  });

  it('that is looked for in a wrong way is reported', async () => {
    const identify = (): never => Promise.reject(trouble) as never;
    const result = await receive({ ...options, envelope: 'raw', identify }, { headers, body });
    expect(result).toMatchObject({ status: 500, errors: [{ path: 'identify' }] });
  });
});

describe('a store that fails', () => {
  const store = (broken: Partial<SeenStore>): SeenStore => ({
    begin: () => 'new',
    finish: () => {},
    forget: () => {},
    ...broken,
  });

  it('at begin: nothing is handled, and the sender tries again', async () => {
    let handled = 0;
    const options = { deduplicate: { store: store({ begin: fail }) }, handle: () => void (handled += 1) };
    expect(await receive(options)).toEqual({ status: 500, errors: [trouble] });
    expect(handled).toBe(0);
  });

  it('at finish: the work is done, and the sender is told so', async () => {
    const broken = store({ finish: () => Promise.reject(trouble) });
    expect(await receive({ deduplicate: { store: broken } })).toEqual({ status: 204, errors: [trouble] });
  });

  it('at forget: both errors are reported', async () => {
    const broken = store({ forget: fail });
    expect(await receive({ handle: fail, deduplicate: { store: broken } })).toEqual({
      status: 500,
      errors: [trouble, trouble],
    });
  });

  it('with an answer that is none of the three words', async () => {
    const odd = store({ begin: () => true as never });
    const { status, errors } = await receive({ deduplicate: { store: odd } });
    expect([status, String(errors[0])]).toEqual([500, expect.stringContaining('got true (boolean)')]);
  });
});

it('a message without an id is refused where repetitions are to be recognised', async () => {
  const { headers } = signed['hex']!;
  const { secret, scheme } = signed['hex']!.options;
  const options = { secret: secret!, scheme: scheme!, deduplicate: { store: memorySeenStore() } };
  expect(await receive(options, { headers })).toEqual({ status: 400, errors: [] });
});

it('ids are held while they are handled and kept afterwards, for as long as the options say', async () => {
  const calls: unknown[] = [];
  const store: SeenStore = {
    begin: (id, holdMs) => (calls.push(['begin', id, holdMs]), 'new'),
    finish: (id, keepMs) => void calls.push(['finish', id, keepMs]),
    forget: (id) => void calls.push(['forget', id]),
  };
  await receive({ deduplicate: { store } });
  await receive({ deduplicate: { store, holdMs: 5, keepMs: 7 } });
  await receive({ deduplicate: { store }, handle: fail });
  expect(calls).toEqual([
    ['begin', ID, 300_000],
    ['finish', ID, 259_200_000],
    ['begin', ID, 5],
    ['finish', ID, 7],
    ['begin', ID, 300_000],
    ['forget', ID],
  ]);
});

describe('memorySeenStore', () => {
  it('knows new, running and done, until their time is over', async () => {
    const clock = createManualClock();
    const store = memorySeenStore({ now: () => clock.now() });
    expect([store.begin('a', 1000), store.begin('a', 1000)]).toEqual(['new', 'running']);
    await clock.advance(1000);
    expect(store.begin('a', 1000)).toBe('new');
    void store.finish('a', 5000);
    await clock.advance(4999);
    expect(store.begin('a', 1000)).toBe('done');
    await clock.advance(1);
    expect(store.begin('a', 1000)).toBe('new');
    void store.forget('a');
    expect(store.begin('a', 1000)).toBe('new');
  });

  it('holds so many ids, and forgets the oldest', () => {
    const store = memorySeenStore({ maxIds: 2 });
    for (const id of ['a', 'b', 'a', 'c']) void store.begin(id, 1000);
    expect([store.begin('b', 1000), store.begin('c', 1000)]).toEqual(['running', 'running']);
    void store.finish('b', 1000);
    expect(store.begin('a', 1000)).toBe('new');
    expect([store.begin('b', 1000), store.begin('c', 1000)]).toEqual(['done', 'new']);
  });

  it.each([{ maxIds: 0 }, { maxIds: 1.5 }, { maxIds: Infinity }, { max: 1 }, { now: 1 }, null])(
    'refuses %j',
    (options) => {
      expect(() => memorySeenStore(options as never)).toThrow(/expected|Unknown key/);
    },
  );
});

it.each<[object, RegExp]>([
  [{ handle: undefined }, /^handle: expected a function, got undefined/],
  [{ onError: null }, /^onError: expected a function, got null/],
  [{ onRefused: 1 }, /^onRefused: expected a function/],
  [{ respondFirst: 'yes' }, /^respondFirst: expected true, false, or a function/],
  [{ acceptedStatus: 500 }, /^acceptedStatus: expected a whole number from 200 to 299/],
  [{ maxBodyBytes: -1 }, /^maxBodyBytes: expected a number from 0 to Infinity/],
  [{ maxBodyBytes: NaN }, /^maxBodyBytes/],
  [{ deduplicate: memorySeenStore() }, /Unknown key "deduplicate.begin"/],
  [{ deduplicate: {} }, /^deduplicate.store: expected a store/],
  [{ deduplicate: { store: new Set() } }, /^deduplicate.store: expected a store/],
  [
    { deduplicate: { store: memorySeenStore(), keepMs: Infinity } },
    /^deduplicate.keepMs: expected a whole number/,
  ],
  [{ deduplicate: { store: memorySeenStore(), holdMs: 0 } }, /^deduplicate.holdMs: expected a whole number/],
  [{ seen: () => false }, /Unknown key "seen"/],
  [{ secret: undefined }, /got none\. Is an environment variable missing\?$/],
  [{ handel: () => {} }, /Unknown key "handel". Did you mean "handle"\?/],
])('a handler refuses %o when it is made', (wrong, message) => {
  const right = { secret: KEY, handle: () => {}, onError: () => {} };
  expect(() => createWebHandler({ ...right, ...wrong })).toThrow(message);
});
