import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { maskUrl } from '../../src/core/redaction.ts';

describe('maskUrl', () => {
  const table: readonly (readonly [string, string])[] = [
    ['https://example.com', 'https://example.com/'],
    ['https://example.com/hooks', 'https://example.com/hooks'],
    ['https://example.com:8443/hooks/orders', 'https://example.com:8443/hooks/orders'],
    ['https://example.com/hooks?key=hunter2', 'https://example.com/hooks?…'],
    ['https://user:hunter2@example.com/hooks', 'https://example.com/hooks'],
    ['https://example.com/hooks#hunter2', 'https://example.com/hooks'],
    [
      'https://hooks.slack.com/services/T00000000/B00000000/hunter2',
      'https://hooks.slack.com/services/T00000000/…',
    ],
    ['https://discord.com/api/webhooks/123456/hunter2?wait=1', 'https://discord.com/api/webhooks/…?…'],
    ['https://example.com/0b9cbb4f-1f61-4b0c-8f7a-hunter2', 'https://example.com/…'],
    ['https://example.com/hooks/0b9cbb4f-1f61-4b0c-8f7a-hunter2', 'https://example.com/hooks/…'],
    ['http://[::1]:3000/a', 'http://[::1]:3000/a'],
    ['hunter2', '(not a URL)'],
    ['', '(not a URL)'],
  ];

  it.each(table)('shows %j as %j', (url, masked) => {
    assert.equal(maskUrl(url), masked);
    assert.ok(!maskUrl(url).includes('hunter2'));
  });
});
