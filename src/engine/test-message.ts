/** What a test of an endpoint sends. */
import type { EndpointView } from '../core/endpoint-view.ts';
import { expectKnownKeys, expectObject } from '../core/expect-value.ts';
import type { JsonObject } from '../core/json.ts';
import { FunctionError } from '../errors.ts';

/** What `endpoints.test` sends. */
export interface TestMessage {
  /** The event type. */
  readonly type: string;
  /** The data; anything that JSON can carry. */
  readonly data: unknown;
  /** Metadata of the message, for envelopes and named functions. At most 16 KiB of JSON. */
  readonly metadata?: JsonObject | undefined;
}

/** Makes the message of a test of an endpoint. A throw rejects `endpoints.test` with a FunctionError. */
export type TestMessageFunction = (endpoint: EndpointView) => TestMessage;

/** Event type of the message that `endpoints.test` sends, unless the option `testMessage` says otherwise. */
export const TEST_EVENT_TYPE = 'posthorn.test';

/** @throws FunctionError when the function throws, or answers with something else */
export function makeTestMessage(
  endpoint: EndpointView,
  testMessage: TestMessageFunction | undefined,
): TestMessage {
  if (testMessage === undefined)
    return { type: TEST_EVENT_TYPE, data: { test: true, endpointId: endpoint.id } };
  try {
    const answer = expectObject(testMessage(endpoint), 'testMessage()', '{ type, data, metadata? }');
    expectKnownKeys(answer, 'testMessage()', ['type', 'data', 'metadata']);
    return answer as unknown as TestMessage;
  } catch (cause) {
    throw new FunctionError('The option testMessage', cause);
  }
}
