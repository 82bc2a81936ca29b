/** What a request seems to be about, whoever sends it. For people to read: nothing is decided by it. */
import { headerOf, jsonOf, type ReceivedRequest } from './received-request.ts';

export interface MessageIdentity {
  readonly type: string | undefined;
  readonly id: string | undefined;
}

const TYPE_MEMBERS = ['type', 'event', 'event_type', 'eventType'];
const ID_MEMBERS = ['id', 'event_id', 'eventId'];
/** X-GitHub-Event, X-Webhook-Event, X-Acme-Event-Type, X-Shopify-Topic. */
const TYPE_HEADER = /^x-[a-z0-9-]*(?:event(?:-type)?|topic)$/;
/** Not X-Webhook-Id: with many senders that is the id of the endpoint. */
const ID_HEADERS = [
  'webhook-id',
  'svix-id',
  'ce-id',
  'x-github-delivery',
  'x-shopify-webhook-id',
  'x-event-id',
];

export function identifyMessage(request: ReceivedRequest): MessageIdentity {
  const value = jsonOf(request.body);
  const members =
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  const typeHeader = request.rawHeaders.find(([name]) => TYPE_HEADER.test(name.toLowerCase()));
  return {
    type: headerOf(request, 'ce-type') ?? firstText(members, TYPE_MEMBERS) ?? typeHeader?.[1],
    id: firstHeader(request, ID_HEADERS) ?? firstText(members, ID_MEMBERS),
  };
}

function firstHeader(request: ReceivedRequest, names: readonly string[]): string | undefined {
  return names.map((name) => headerOf(request, name)).find((value) => value !== undefined && value !== '');
}

function firstText(members: Readonly<Record<string, unknown>>, names: readonly string[]): string | undefined {
  return names
    .filter((name) => Object.hasOwn(members, name))
    .map((name) => members[name])
    .find((value) => typeof value === 'string' && value !== '') as string | undefined;
}
