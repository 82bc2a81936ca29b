/** Webhooks: list, create, read, replace, change, remove. */
import { z } from '@hono/zod-openapi';
import type { EndpointUpdate } from '../../core/endpoint-input.ts';
import type { Endpoint } from '../../endpoints.ts';
import { isPosthornError } from '../../errors.ts';
import { ApiError } from '../api-error.ts';
import { inTurn } from '../in-turn.ts';
import { type Answer, type Call, defineOperation, type Operation } from '../operation.ts';
import { toCreatedWebhook, toWebhook } from '../resource/webhook-resource.ts';
import {
  createdWebhookSchema,
  removedWebhookSchema,
  webhookInputSchema,
  webhookPatchSchema,
  webhookSchema,
} from '../schema/webhook.ts';
import { pageShape } from '../schema/shared.ts';
import { ownWebhook } from '../tenant-wall.ts';

/** How often a change is tried again when another process was faster, and the caller did not ask to be told. */
const MAX_TRIES = 5;
const IF_MATCH =
  'The `ETag` of the webhook that the change is based on; refused with 412 when it is another one by now';

const list = defineOperation({
  name: 'listWebhooks',
  method: 'get',
  path: '',
  tag: 'Webhooks',
  summary: 'List webhooks, in order of creation',
  scope: 'read',
  query: z.strictObject(pageShape),
  kind: 'webhook',
  schema: webhookSchema,
  isList: true,
  async run({ dispatcher, caller, contract, query }) {
    const { items, nextCursor } = await dispatcher.endpoints.list({ tenant: caller.tenant, ...query });
    return { data: items.map((item) => toWebhook(item, contract.filterFields)), nextCursor };
  },
});

const create = defineOperation({
  name: 'createWebhook',
  method: 'post',
  path: '',
  tag: 'Webhooks',
  summary: 'Create a webhook',
  description:
    'The answer has the secret that was generated, if the caller has the scope `secrets`. No later answer has it.',
  scope: 'write',
  body: { schema: webhookInputSchema, required: true, isContract: true },
  kind: 'created_webhook',
  schema: createdWebhookSchema,
  status: 201,
  failures: [409],
  async run({ dispatcher, caller, contract, body }) {
    const input = contract.readNew(body);
    checkSecretScope(caller, input);
    const created = await dispatcher.endpoints.create({ ...input, tenant: caller.tenant });
    const mayTell = caller.scopes.has('secrets') && input.secret === undefined && input.secrets === undefined;
    return {
      data: toCreatedWebhook(created, contract.filterFields, mayTell),
      headers: { etag: etagOf(created) },
    };
  },
});

const get = defineOperation({
  name: 'getWebhook',
  method: 'get',
  path: '/{id}',
  tag: 'Webhooks',
  summary: 'Read a webhook',
  scope: 'read',
  kind: 'webhook',
  schema: webhookSchema,
  failures: [404],
  run: async (call) => answerWith(await ownWebhook(call, call.id), call),
});

const replace = defineOperation({
  name: 'replaceWebhook',
  method: 'put',
  path: '/{id}',
  tag: 'Webhooks',
  summary: 'Replace a webhook',
  description:
    'Replaces all members but the id, and but the secret when it is left out. Members that only answers have are ignored.',
  scope: 'write',
  body: { schema: webhookInputSchema, required: true, isContract: true },
  requestHeaders: { 'If-Match': IF_MATCH },
  kind: 'webhook',
  schema: webhookSchema,
  failures: [404, 409, 412],
  run: (call) => changeInTurn(call, (current) => call.contract.readReplacement(call.body, current)),
});

const patch = defineOperation({
  name: 'updateWebhook',
  method: 'patch',
  path: '/{id}',
  tag: 'Webhooks',
  summary: 'Change some members of a webhook',
  description: 'A merge patch (RFC 7396): `null` removes a member, objects are merged, all else is replaced.',
  scope: 'write',
  body: {
    schema: webhookPatchSchema,
    required: true,
    isContract: true,
    contentType: 'application/merge-patch+json',
  },
  requestHeaders: { 'If-Match': IF_MATCH },
  kind: 'webhook',
  schema: webhookSchema,
  failures: [404, 409, 412],
  run: (call) => changeInTurn(call, (current) => call.contract.readPatch(call.body, current)),
});

const remove = defineOperation({
  name: 'deleteWebhook',
  method: 'delete',
  path: '/{id}',
  tag: 'Webhooks',
  summary: 'Remove a webhook; what waits for it is discarded',
  scope: 'write',
  kind: 'removed_webhook',
  schema: removedWebhookSchema,
  failures: [404],
  async run(call) {
    const { id } = await ownWebhook(call, call.id);
    await call.dispatcher.endpoints.remove(id);
    return { data: { id, deleted: true } };
  },
});

export const webhookOperations: readonly Operation[] = [list, create, get, replace, patch, remove];

/** A webhook, and the revision of it that was read. */
export function answerWith(
  endpoint: Endpoint,
  { contract }: Pick<Call<unknown, unknown>, 'contract'>,
): Answer<'webhook'> {
  return { data: toWebhook(endpoint, contract.filterFields), headers: { etag: etagOf(endpoint) } };
}

function etagOf({ revision }: Pick<Endpoint, 'revision'>): string {
  return `"${revision}"`;
}

function changeInTurn(
  call: Call<unknown, unknown>,
  decide: (current: Endpoint) => EndpointUpdate,
): Promise<Answer<'webhook'>> {
  return inTurn(call.dispatcher, call.id, () => change(call, decide));
}

/** Reads, decides, writes; the write is refused when something else was written meanwhile. */
async function change(
  call: Call<unknown, unknown>,
  decide: (current: Endpoint) => EndpointUpdate,
): Promise<Answer<'webhook'>> {
  const { dispatcher, caller, headers } = call;
  const expected = headers.get('if-match');
  for (let tries = 1; ; tries += 1) {
    const current = await ownWebhook(call, call.id);
    const { id, revision } = current;
    if (expected !== null && expected !== '*' && expected !== etagOf(current)) throw staleRevision();
    const changes = decide(current);
    checkSecretScope(caller, changes);
    try {
      return answerWith(await dispatcher.endpoints.update(id, changes, { revision }), call);
    } catch (error) {
      if (!isPosthornError(error) || error.code !== 'conflict') throw error;
      if (expected !== null && expected !== '*') throw staleRevision();
      if (tries >= MAX_TRIES) throw error;
    }
  }
}

function staleRevision(): ApiError {
  return new ApiError(
    'revision_mismatch',
    'The webhook was changed meanwhile. Read it again and repeat the change.',
  );
}

function checkSecretScope(
  { scopes }: Call<unknown, unknown>['caller'],
  given: Pick<EndpointUpdate, 'secret' | 'secrets'>,
): void {
  if (scopes.has('secrets') || (given.secret === undefined && given.secrets === undefined)) return;
  throw new ApiError('forbidden', 'Only who has the scope secrets may set a secret.', { field: 'secret' });
}
