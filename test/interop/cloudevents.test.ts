/** Receivers that read CloudEvents with the SDK: `HTTP.toEvent` on headers and body as they arrive, then `validate()`. */
import { type CloudEvent, HTTP } from 'cloudevents';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RecordedRequest } from '../../src/listener/recorded-request.ts';
import { createHarness } from '../../src/testing/harness.ts';
import { DATA, deliverTwice, START } from '../support/deliver-twice.ts';

function read({ headers, text }: RecordedRequest): CloudEvent<unknown> {
  const event = HTTP.toEvent<unknown>({ headers, body: text });
  if (Array.isArray(event)) throw new Error('a batch');
  expect((event as CloudEvent<unknown>).validate()).toBe(true);
  return event as CloudEvent<unknown>;
}

describe.each(['cloudevents', 'cloudevents-binary'])('%s', (name) => {
  it('is one and the same valid event on both attempts', async () => {
    const [first, retry] = await deliverTwice({ envelope: name });
    expect(retry.body).toEqual(first.body);
    const event = read(first);
    expect(read(retry).toJSON()).toEqual(event.toJSON());
    expect(event.toJSON()).toEqual({
      specversion: '1.0',
      id: first.headers['webhook-id'],
      source: '/default',
      type: 'job.done',
      time: new Date(START).toISOString(),
      datacontenttype: 'application/json',
      data: DATA,
    });
  });

  it('is signed like any other body', async () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const [{ text, headers }] = await deliverTwice({ envelope: name, secret });
    vi.useFakeTimers({ toFake: ['Date'], now: START });
    onTestFinished(() => void vi.useRealTimers());
    new Webhook(secret).verify(text, headers);
    expect(() => new Webhook(secret).verify(text.replace('1.5', '1.6'), headers)).toThrow(/signature/i);
  });

  it('has source and subject of the settings', async () => {
    const source = 'https://example.com/jobs?a=b#c';
    const [first] = await deliverTwice({ envelope: { name, source, subject: 'job/42' } });
    expect(read(first).toJSON()).toMatchObject({ source, subject: 'job/42' });
  });

  // Of numbers, booleans and texts the SDK makes something else, whoever sent them.
  it.each([[['a', { b: null }]], [{}]])('carries %j', async (data) => {
    const [first] = await deliverTwice({ envelope: name }, data);
    expect(read(first).data).toEqual(data);
  });

  it('is an event of any tenant', async () => {
    await using harness = await createHarness();
    const tenant = 'Müller & Söhne';
    await harness.createEndpoint({ envelope: name, tenant });
    await harness.dispatcher.emit('job.done', DATA, { tenant });
    await harness.advance(0);
    const source = '/M%C3%BCller%20%26%20S%C3%B6hne';
    // The SDK does not undo the percent-encoding of headers, which binary mode asks for.
    expect(read(harness.receiver.requests[0]!).source).toBe(
      name === 'cloudevents' ? source : source.replaceAll('%', '%25'),
    );
  });
});

it('writes attributes into headers as the specification encodes them', async () => {
  const subject = 'Euro € 😀';
  const [first] = await deliverTwice({ envelope: { name: 'cloudevents-binary', subject } });
  expect(first.headers['ce-subject']).toBe('Euro%20%E2%82%AC%20%F0%9F%98%80');
  expect(first.headers['content-type']).toBe('application/json');
  expect(first.headers).not.toHaveProperty('ce-datacontenttype');
});

it('declares structured mode', async () => {
  const [first] = await deliverTwice({ envelope: 'cloudevents' });
  expect(first.headers['content-type']).toMatch(/^application\/cloudevents\+json; charset=UTF-8$/i);
  expect(Object.keys(first.headers).filter((header) => header.startsWith('ce-'))).toEqual([]);
});
