/** From what a transport reports to the outcome of an attempt. */
import type { DispatcherReason, EndpointReason, Outcome } from './outcome.ts';
import { parseRetryAfter } from './retry-after.ts';
import { isSuccess, type SuccessRule } from './retry-rules.ts';
import { type ReceivedResponse, type StoredResponse, toStoredResponse } from './stored-response.ts';

/** How an exchange ended, as a transport reports it. */
export type ExchangeResult =
  | (ReceivedResponse & { readonly kind: 'response' })
  /** No response head arrived; charged to the endpoint. */
  | { readonly kind: 'failure'; readonly reason: EndpointReason; readonly detail: string }
  /** The request could not be made, for a reason of the dispatcher's own. */
  | { readonly kind: 'fault'; readonly reason: DispatcherReason; readonly detail: string };

/**
 * The outcome of an attempt. A response is judged by its status alone: once a success status has arrived, a body that
 * breaks off changes nothing, because a retry would be a sure duplicate.
 *
 * @param nowMs when it came, epoch ms
 */
export function classify(result: ExchangeResult, success: readonly SuccessRule[], nowMs: number): Outcome {
  switch (result.kind) {
    case 'response':
      return classifyResponse(result, success, nowMs);
    case 'failure':
      return { kind: 'endpoint_failed', reason: result.reason, detail: result.detail, response: undefined };
    case 'fault':
      return { kind: 'dispatcher_failed', reason: result.reason, detail: result.detail };
    default:
      throw new TypeError('a transport must report a response, a failure or a fault');
  }
}

function classifyResponse(
  received: ReceivedResponse,
  success: readonly SuccessRule[],
  nowMs: number,
): Outcome {
  const response = toStoredResponse(received);
  const { status } = response;
  if (isSuccess(success, status)) return { kind: 'delivered', response };
  if (status >= 300 && status <= 399) {
    const detail = `HTTP ${status}; redirects are not followed`;
    return { kind: 'endpoint_failed', reason: 'redirect', detail, response };
  }
  return {
    kind: 'endpoint_failed',
    reason: 'http_status',
    detail: `HTTP ${status}${askedWait(response, nowMs)}`,
    response,
  };
}

/** What the receiver asked for; how long it is waited for is another matter. */
function askedWait({ headers }: StoredResponse, nowMs: number): string {
  const value = headers['retry-after'];
  const waitMs = value === undefined ? undefined : parseRetryAfter(value, nowMs);
  if (waitMs === undefined || waitMs === 0) return '';
  return `; the receiver asks for a wait of ${Math.ceil(waitMs / 1000)} s (Retry-After)`;
}
