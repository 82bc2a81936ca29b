import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { EndpointRecord } from '../../src/core/endpoint.ts';
import { toEndpointView } from '../../src/core/endpoint-view.ts';

function record(...secrets: string[]): EndpointRecord {
  return {
    id: 'ep_1',
    tenant: 'default',
    url: 'https://example.com/hooks',
    events: ['**'],
    name: 'Example',
    secrets: secrets.map((value) => ({ value, createdAt: 1 })),
    status: 'enabled',
    createdAt: 1,
    updatedAt: 2,
    revision: 3,
  };
}

describe('toEndpointView', () => {
  it('has everything but the secrets', () => {
    const { secrets: _, ...rest } = record();
    expect(toEndpointView(record())).toEqual({ ...rest, secretHints: [] });
  });

  it('hints at secrets by their last four characters', () => {
    expect(toEndpointView(record('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')).secretHints).toEqual(['LaSw']);
    expect(toEndpointView(record('twelve chars', 'not so long', '🔑'.repeat(12))).secretHints).toEqual([
      'hars',
      '',
      '🔑🔑🔑🔑',
    ]);
  });

  it('shows no secret when printed or sent as JSON', () => {
    const view = toEndpointView(record('correct horse battery staple'));
    for (const text of [inspect(view, { depth: Infinity, showHidden: true }), JSON.stringify(view)]) {
      expect(text).not.toContain('correct horse');
      expect(text).not.toContain('battery');
    }
  });
});
