import type { Operation } from './operation.ts';
import { deliveryOperations } from './operations/deliveries.ts';
import { insightOperations } from './operations/insight.ts';
import { messageOperations } from './operations/messages.ts';
import { webhookActions } from './operations/webhook-actions.ts';
import { webhookOperations } from './operations/webhooks.ts';

/** All that the API can do. Reserved words come first: a webhook that had one for its id could not be reached. */
export const OPERATIONS: readonly Operation[] = [
  ...deliveryOperations,
  ...messageOperations,
  ...insightOperations,
  ...webhookOperations,
  ...webhookActions,
];
