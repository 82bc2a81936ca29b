/** Bodies and content types, byte by byte, as receivers get them. */
import { describe, expect, it } from 'vitest';
import type { EmitOptions, EnvelopeContext, EnvelopeSetting } from 'posthorn';
import { createHarness, type RecordedRequest } from 'posthorn/testing';

const START = Date.UTC(2026, 1, 3, 4, 5, 6, 7);

async function send(
  envelope: EnvelopeSetting,
  data: unknown,
  options: EmitOptions = {},
): Promise<RecordedRequest> {
  await using harness = await createHarness({ startAt: START });
  await harness.createEndpoint({ envelope, tenant: options.tenant });
  await harness.dispatcher.emit('job.done', data, options);
  await harness.advance(0);
  return harness.receiver.requests[0]!;
}

describe('standard', () => {
  it('is type, timestamp of the event and data, in this order', async () => {
    const { text, headers } = await send('standard', { b: 1, a: 'ü' }, { timestamp: new Date(0) });
    expect(text).toBe('{"type":"job.done","timestamp":"1970-01-01T00:00:00.000Z","data":{"b":1,"a":"ü"}}');
    expect(headers['content-type']).toBe('application/json');
  });

  it('has the id in the body when told so', async () => {
    const { text, headers } = await send({ name: 'standard', idInBody: true }, null, { id: 'evt_1' });
    expect(JSON.parse(text)).toEqual({
      id: 'evt_1',
      type: 'job.done',
      timestamp: new Date(START).toISOString(),
      data: null,
    });
    expect(headers['webhook-id']).toBe('evt_1');
  });
});

describe('form', () => {
  it.each<[what: string, data: unknown, body: string]>([
    ['spaces and the signs of the format', { a: 'x y&z=1+2%#?/' }, 'a=x+y%26z%3D1%2B2%25%23%3F%2F'],
    ['names like values', { 'a b&c=d+é': '1' }, 'a+b%26c%3Dd%2B%C3%A9=1'],
    ['what is not ASCII as UTF-8', { a: 'Euro € 😀' }, 'a=Euro+%E2%82%AC+%F0%9F%98%80'],
    ['line ends as they are', { a: 'x\r\ny\nz' }, 'a=x%0D%0Ay%0Az'],
    ['what needs no escape, and what looks so', { a: "*-._~!'()" }, 'a=*-._%7E%21%27%28%29'],
    ['empty texts and null alike', { a: '', b: null }, 'a=&b='],
    ['numbers and booleans', { a: 42, b: -1.5, c: true, d: false }, 'a=42&b=-1.5&c=true&d=false'],
    [
      'objects as JSON',
      { a: { city: 'Graz', n: [1] } },
      'a=%7B%22city%22%3A%22Graz%22%2C%22n%22%3A%5B1%5D%7D',
    ],
    ['lists item by item', { a: ['x', 1, null, true, { b: 1 }] }, 'a=x&a=1&a=&a=true&a=%7B%22b%22%3A1%7D'],
    ['a list in a list as JSON', { a: [['x', 'y'], 'z'] }, 'a=%5B%22x%22%2C%22y%22%5D&a=z'],
    ['nothing for an empty list', { a: [], b: 'x' }, 'b=x'],
    ['an empty object', {}, ''],
    ['an empty name', { '': 'x' }, '=x'],
    ['a text as the field data', 'x y', 'data=x+y'],
    ['a number as the field data', 7, 'data=7'],
    ['null as the field data', null, 'data='],
    ['a list as the field data', ['x', 2], 'data=x&data=2'],
  ])('sends %s', async (_, data, body) => {
    const request = await send('form', data);
    expect(request.text).toBe(body);
    expect(request.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  it('puts the JSON text of any data into one field of choice', async () => {
    const data = { a: 'ü&=', list: [1, null] };
    const { text } = await send({ name: 'form', field: 'pay load' }, data);
    expect(text).toMatch(/^pay\+load=%7B%22a%22/);
    expect(JSON.parse(new URLSearchParams(text).get('pay load')!)).toEqual(data);
    expect((await send({ name: 'form', field: 'p' }, 'x')).text).toBe('p=%22x%22');
    expect((await send({ name: 'form', field: 'p' }, null)).text).toBe('p=null');
  });

  it('is read back by a parser of forms, whatever the texts', async () => {
    const data = { 'k&=+ %': 'v&=+ %', ünï: '\u0000\t"<>\\^`{|}', list: ['a', 'a', ''] };
    const { text } = await send('form', data);
    expect([...new URLSearchParams(text)]).toEqual([
      ['k&=+ %', 'v&=+ %'],
      ['ünï', data['ünï']],
      ['list', 'a'],
      ['list', 'a'],
      ['list', ''],
    ]);
  });
});

describe('cloudevents', () => {
  it('is the whole event, with the time of the event and the tenant as source', async () => {
    const request = await send(
      'cloudevents',
      { b: 1.5, a: ['ü'] },
      { id: 'evt_1', timestamp: 0, tenant: 'acme/eu' },
    );
    expect(request.text).toBe(
      '{"specversion":"1.0","id":"evt_1","source":"/acme%2Feu","type":"job.done",' +
        '"time":"1970-01-01T00:00:00.000Z","datacontenttype":"application/json","data":{"b":1.5,"a":["ü"]}}',
    );
    expect(request.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
  });

  it('carries data that is no object, null included', async () => {
    for (const data of [null, 0, '', false, 'x', [1]])
      expect((await send('cloudevents', data)).json()).toMatchObject({ data });
  });
});

describe('cloudevents-binary', () => {
  it.each([
    ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
    ['100 %', '100%20%25'],
    ['say "no"', 'say%20%22no%22'],
    ['already%20encoded', 'already%2520encoded'],
    ["!#$&'()*+,-./:;<=>?@[\\]^_`{|}~", "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"],
    ['Müller', 'M%C3%BCller'],
  ])('writes the subject %j as %s', async (subject, header) => {
    const request = await send({ name: 'cloudevents-binary', subject }, {});
    expect(request.headers['ce-subject']).toBe(header);
    expect(decodeURIComponent(header)).toBe(subject);
  });

  it.each(['', '\u0000', 'a\nb', '\u007f', '\u0080', 'x'.repeat(1025), '\ud800'])(
    'refuses the subject %j, which no event can have',
    async (subject) => {
      await using harness = await createHarness();
      const refused = harness.createEndpoint({ envelope: { name: 'cloudevents-binary', subject } });
      await expect(refused).rejects.toMatchObject({
        code: 'invalid_option',
        path: 'endpoint.envelope.subject',
      });
    },
  );

  it('is data and headers, with no attribute beyond those that are set', async () => {
    const source = 'https://shop.example/orders?a=b#c';
    const request = await send(
      { name: 'cloudevents-binary', source },
      { a: 'ü' },
      { id: 'evt_1', timestamp: 0 },
    );
    expect(request.text).toBe('{"a":"ü"}');
    const attributes = Object.entries(request.headers).filter(([name]) => name.startsWith('ce-'));
    expect(Object.fromEntries(attributes)).toEqual({
      'ce-specversion': '1.0',
      'ce-id': 'evt_1',
      'ce-source': source,
      'ce-type': 'job.done',
      'ce-time': '1970-01-01T00:00:00.000Z',
    });
    expect(request.headers['content-type']).toBe('application/json');
  });

  it('takes a subject that differs from message to message from a header function', async () => {
    await using harness = await createHarness({
      dispatcher: { functions: { header: { order: ({ message }) => message.orderingKey } } },
    });
    await harness.createEndpoint({
      envelope: 'cloudevents-binary',
      headers: { 'ce-region': 'eu-1' },
      computedHeaders: { 'ce-subject': 'order' },
      ordering: 'fifo',
    });
    await harness.dispatcher.emit('job.done', {}, { orderingKey: 'order-7' });
    await harness.dispatcher.emit('job.done', {});
    await harness.advance(0);
    expect(
      harness.receiver.requests.map(({ headers }) => [headers['ce-region'], headers['ce-subject']]),
    ).toEqual([
      ['eu-1', 'order-7'],
      ['eu-1', undefined],
    ]);
  });
});

describe('bytes', () => {
  const all = Uint8Array.from({ length: 256 }, (_, n) => n);

  it.each<[what: string, data: unknown, bytes: Uint8Array]>([
    ['every byte there is', all, all],
    ['a view into a larger buffer', all.subarray(100, 103), Uint8Array.of(100, 101, 102)],
    ['a Buffer', Buffer.from('€'), Uint8Array.of(0xe2, 0x82, 0xac)],
    ['base64 text with two paddings', 'AA==', Uint8Array.of(0)],
    ['base64 text with + and /', '+/+/', Uint8Array.of(0xfb, 0xff, 0xbf)],
    ['empty text', '', new Uint8Array()],
  ])('brings %s back whole', async (_, data, bytes) => {
    const request = await send('bytes', data);
    expect(request.body).toEqual(Buffer.from(bytes));
    expect(request.headers['content-type']).toBe('application/octet-stream');
  });

  it.each(['-_-_', 'AA', 'AAA=\n', 'AA A', 'no base64', { a: 1 }, 7, null, ['AAAA']])(
    'takes %j for no bytes: the endpoint is not to blame, and gets it with another envelope',
    async (data) => {
      await using harness = await createHarness();
      const endpoint = await harness.createEndpoint({ envelope: 'bytes' });
      await harness.dispatcher.emit('job.done', data);
      await harness.advance(0);
      const expected = { state: 'scheduled', reason: 'bad_request', attempts: 0, faults: 1 };
      expect(await harness.deliveriesTo(endpoint)).toMatchObject([expected]);
      await harness.dispatcher.endpoints.update(endpoint.id, { envelope: 'raw' });
      await harness.advance(10_000);
      expect(harness.receiver.requests.map((request) => request.json())).toEqual([data]);
      expect(await harness.deliveriesTo(endpoint)).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
    },
  );

  it('are base64 text to other endpoints, and to filters', async () => {
    await using harness = await createHarness();
    const { receiver } = harness;
    await harness.createEndpoint({
      url: receiver.urlOf('/bytes'),
      envelope: { name: 'bytes', contentType: 'image/png' },
    });
    await harness.createEndpoint({ url: receiver.urlOf('/raw'), envelope: 'raw', filter: { data: 'AQID' } });
    await harness.createEndpoint({
      url: receiver.urlOf('/form'),
      envelope: 'form',
      filter: { data: { $glob: 'AQ*' } },
    });
    await harness.createEndpoint({ url: receiver.urlOf('/none'), filter: { data: { $ne: 'AQID' } } });
    await harness.dispatcher.emit('job.done', Uint8Array.of(1, 2, 3));
    await harness.advance(0);
    const seen = receiver.requests.map(({ path, headers, body }) => [
      path,
      headers['content-type'],
      body.toString('latin1'),
    ]);
    expect(seen.sort()).toEqual([
      ['/bytes', 'image/png', '\u0001\u0002\u0003'],
      ['/form', 'application/x-www-form-urlencoded', 'data=AQID'],
      ['/raw', 'application/json', '"AQID"'],
    ]);
  });
});

it('an envelope of your own is asked for each attempt, with what it is promised', async () => {
  const seen: Partial<EnvelopeContext>[] = [];
  await using harness = await createHarness({
    startAt: START,
    dispatcher: {
      functions: {
        envelope: {
          legacy: async ({
            message,
            data,
            dataJson,
            endpoint,
            attempt,
            maxAttempts,
            firstAttemptAt,
            now,
          }) => {
            seen.push({ dataJson, attempt, maxAttempts, firstAttemptAt, now });
            (data as { n: number }).n = 99;
            return {
              body: new TextEncoder().encode(`${message.type} ${dataJson} ${endpoint.name}`),
              contentType: 'text/plain; charset=utf-8',
              headers: { 'X-Attempt': String(attempt) },
            };
          },
        },
      },
    },
  });
  harness.receiver.reply(500);
  const retry = { kind: 'schedule', delaysMs: [60_000], jitter: 0 } as const;
  await harness.createEndpoint({ envelope: 'legacy', name: 'crm', retry });
  const { id } = await harness.dispatcher.emit('job.done', { n: 1 });
  await harness.advance(60_000);
  const requests = harness.receiver.requests;
  expect(requests.map(({ text, headers }) => [text, headers['content-type'], headers['x-attempt']])).toEqual([
    ['job.done {"n":1} crm', 'text/plain; charset=utf-8', '1'],
    ['job.done {"n":1} crm', 'text/plain; charset=utf-8', '2'],
  ]);
  const common = { dataJson: '{"n":1}', maxAttempts: 2, firstAttemptAt: START };
  expect(seen).toEqual([
    { ...common, attempt: 1, now: START },
    { ...common, attempt: 2, now: START + 60_000 },
  ]);
  expect((await harness.dispatcher.messages.get(id)).data).toEqual({ n: 1 });
});
