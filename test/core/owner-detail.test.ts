import { describe, expect, it } from 'vitest';
import { DISPATCHER_REASONS, ENDPOINT_REASONS } from '../../src/core/outcome.ts';
import { detailForOwner } from '../../src/core/owner-detail.ts';

describe('detailForOwner', () => {
  it('keeps what tells of the network and settings of the dispatcher', () => {
    for (const reason of ['blocked', 'token_failed', ...DISPATCHER_REASONS])
      expect(detailForOwner(reason, 'text'), reason).toBeUndefined();
  });

  it('gives what tells of the endpoint', () => {
    for (const reason of ENDPOINT_REASONS.filter((one) => one !== 'blocked' && one !== 'token_failed'))
      expect(detailForOwner(reason, 'text'), reason).toBe('text');
    expect(detailForOwner(undefined, 'text')).toBe('text');
    expect(detailForOwner('timeout', undefined)).toBeUndefined();
  });
});
