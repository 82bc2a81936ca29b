import { createConfig, lintFromString } from '@redocly/openapi-core';
import { describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../src/http/operations.ts';
import { createWebhookApi } from '../../src/http/webhook-api.ts';
import { WebhookDispatcher } from '../../src/dispatcher.ts';
import { authorize } from '../support/api-world.ts';

const plain = createWebhookApi(new WebhookDispatcher(), { authorize });
const own = createWebhookApi(new WebhookDispatcher(), {
  authorize,
  basePath: '/v1',
  accept: (body, { read }) => read(body),
  present: (resource, _kind) => resource,
});

async function lint(document: object): Promise<string[]> {
  // Reserved words stand where ids stand, /deliveries/{id} beside /{id}/test: the reserved word wins, as paths and methods of the security tests show.
  const config = await createConfig({
    extends: ['recommended-strict'],
    rules: { 'no-ambiguous-paths': 'off' },
  });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer})`);
}

describe('the OpenAPI document', () => {
  it.each([
    ['with the built-in contract', plain.openApi],
    ['with one of the application', own.openApi],
  ])('%s has nothing that a linter minds', async (_name, document) => {
    expect(await lint(document)).toEqual([]);
  });

  it('is one that the linter would mind if something were wrong with it', async () => {
    const broken = structuredClone(plain.openApi) as unknown as {
      paths: Record<string, Record<string, { responses: unknown }>>;
    };
    broken.paths['/api/webhooks/{id}']!['get']!.responses = {};
    expect(await lint(broken)).not.toEqual([]);
  });

  it('names every operation once, with its schemas', () => {
    const names = Object.values(plain.openApi.paths ?? {}).flatMap((item) =>
      Object.values(item as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
    );
    expect(names.sort()).toEqual(OPERATIONS.map(({ name }) => name).sort());
    expect(plain.openApi.openapi).toBe('3.1.0');
    expect(Object.keys(plain.openApi.components?.schemas ?? {})).toEqual(
      expect.arrayContaining(['Webhook', 'WebhookInput', 'Delivery', 'Message', 'Stats', 'Failure']),
    );
  });

  it('does not describe bodies and answers that are those of the application', () => {
    expect(Object.keys(own.openApi.components?.schemas ?? {})).not.toContain('Webhook');
    expect(Object.keys(own.openApi.components?.schemas ?? {})).not.toContain('WebhookInput');
    expect(Object.keys(own.openApi.paths ?? {})).toContain('/v1/webhooks/{id}');
  });
});
