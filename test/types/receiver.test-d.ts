import { describe, expectTypeOf, it } from 'vitest';
import { createWebHandler, type MessageOf, verifyWebhook, type WebhookMessage } from 'posthorn/receiver';

interface Events {
  'job.completed': { jobId: string };
  'job.failed': { jobId: string; error: string };
}

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe('messages of an event map', () => {
  it('are a union by type', async () => {
    const result = await verifyWebhook<Events>('', {}, { secret });
    if (!result.ok) return;
    const { message } = result;
    expectTypeOf(message.type).toEqualTypeOf<'job.completed' | 'job.failed'>();
    if (message.type === 'job.failed')
      expectTypeOf(message.data).toEqualTypeOf<{ jobId: string; error: string }>();
    // @ts-expect-error: not all of these messages have it
    void message.data.error;
  });

  it('reach the handler', () => {
    createWebHandler<Events>({
      secret,
      onError: () => {},
      handle: (message) => {
        expectTypeOf(message).toEqualTypeOf<MessageOf<Events>>();
        // @ts-expect-error: no such event
        return message.type === 'job.gone';
      },
    });
  });

  it('are unknown without a map', () => {
    expectTypeOf<MessageOf<Record<string, unknown>>>().toEqualTypeOf<WebhookMessage<string, unknown>>();
  });
});

it('verification needs options, and of a refusal there is no message', async () => {
  // @ts-expect-error: no secret
  await verifyWebhook('', {});
  const result = await verifyWebhook('', new Headers(), { secret });
  // @ts-expect-error: it may be a refusal
  void result.message;
  if (!result.ok) expectTypeOf(result.why).toEqualTypeOf<string>();
});
