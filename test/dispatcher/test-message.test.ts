import { describe, expect, it } from 'vitest';
import { FunctionError, OptionsError, PayloadError } from '../../src/errors.ts';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { createHarness } from '../../src/testing/harness.ts';

describe('testMessage', () => {
  it('says what a test of an endpoint sends, in the envelope of the endpoint', async () => {
    await using harness = await createHarness({
      dispatcher: {
        functions: {
          envelope: {
            emp: ({ message, data, endpoint }) => ({
              body: JSON.stringify({
                event_type: message.type,
                webhook_id: endpoint.id,
                data,
                metadata: message.metadata,
              }),
              contentType: 'application/json',
            }),
          },
        },
        envelope: 'emp',
        testMessage: ({ id }) => ({
          type: 'job.submitted',
          data: { job_id: `test_of_${id}` },
          metadata: { test: true },
        }),
      },
    });
    const { id } = await harness.createEndpoint({ tenant: 'user-1', events: ['machine.startup'] });
    const { delivered, messageId } = await harness.dispatcher.endpoints.test(id);
    expect(delivered).toBe(true);
    expect(harness.receiver.requests.map((request) => request.json())).toEqual([
      {
        event_type: 'job.submitted',
        webhook_id: id,
        data: { job_id: `test_of_${id}` },
        metadata: { test: true },
      },
    ]);
    expect(await harness.dispatcher.messages.get(messageId)).toMatchObject({ tenant: 'user-1', test: true });
    expect(await harness.dispatcher.stats()).toMatchObject({ byState: { succeeded: 0 } });
  });

  it.each([
    ['throws', () => JSON.parse('{') as unknown, FunctionError, /^The option testMessage threw: /],
    ['answers with nothing', () => undefined, FunctionError, /expected \{ type, data, metadata\? \}/],
    ['adds members', () => ({ type: 'a', data: 1, id: 'x' }), FunctionError, /Unknown key/],
    ['has a wrong type', () => ({ type: 'no type', data: 1 }), OptionsError, /^type: expected a dotted name/],
    ['has a reserved type', () => ({ type: 'posthorn.test', data: 1 }), OptionsError, /operational webhooks/],
    [
      'has data that is no JSON',
      () => ({ type: 'a', data: { of: 1n } }),
      PayloadError,
      /^data\.of cannot be sent/,
    ],
  ])('rejects the test when it %s, and stores nothing', async (_name, testMessage, error, message) => {
    await using harness = await createHarness({ dispatcher: { testMessage: testMessage as never } });
    const { id } = await harness.createEndpoint();
    const failure: unknown = await harness.dispatcher.endpoints.test(id).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(error);
    expect((failure as Error).message).toMatch(message);
    expect((await harness.dispatcher.messages.list()).items).toEqual([]);
  });
});

describe('ids', () => {
  it('begin as the options say, and as before where they say nothing', async () => {
    await using harness = await createHarness({ dispatcher: { ids: { endpoint: 'wh_', message: 'evt_' } } });
    const { id } = await harness.createEndpoint();
    const receipt = await harness.dispatcher.emit('job.completed', {});
    const { messageId } = await harness.dispatcher.endpoints.test(id);
    expect([id, receipt.id, messageId].map((text) => text.slice(0, 4))).toEqual([
      expect.stringMatching(/^wh_/),
      'evt_',
      'evt_',
    ]);
    await using other = await createHarness({ dispatcher: { ids: { endpoint: 'wh_' } } });
    expect((await other.dispatcher.emit('job.completed', {})).id).toMatch(/^msg_/);
  });

  it.each([
    [{ endpoint: 'adhoc_' }, 'ids.endpoint: expected no prefix that begins with adhoc_'],
    [{ endpoint: '' }, 'ids.endpoint: expected 1 to 32 characters'],
    [{ message: 'evt.' }, 'ids.message: expected 1 to 32 characters'],
    [{ message: 'e'.repeat(33) }, 'ids.message: expected 1 to 32 characters'],
    [{ delivery: 'd_' }, 'Unknown key "ids.delivery"'],
  ])('refuses %j', (ids, message) => {
    const create = (): unknown => new WebhookDispatcher({ ids: ids as { message: string } });
    expect(create).toThrow(OptionsError);
    expect(create).toThrow(message);
  });
});
