import { describe, expect, it } from 'vitest';
import { decideHold, isHeld, isUndecided } from '../../src/core/endpoint-hold.ts';
import type { EndpointRecord } from '../../src/core/endpoint.ts';

function record(members: Partial<EndpointRecord>): EndpointRecord {
  return {
    id: 'ep',
    tenant: 'default',
    url: 'https://example.com',
    events: ['**'],
    secrets: [],
    status: 'enabled',
    createdAt: 0,
    updatedAt: 0,
    revision: 1,
    ...members,
  };
}

const ENABLED = record({});
const disabled = (members: Partial<EndpointRecord> = {}): EndpointRecord =>
  record({ status: 'disabled', disabledReason: 'manual', ...members });

describe('decideHold', () => {
  it.each([
    ['is disabled, the dispatcher holds', ENABLED, disabled(), 'hold', true],
    ['is disabled, the dispatcher discards', ENABLED, disabled(), 'discard', false],
    ['is disabled with a setting of its own', ENABLED, disabled({ onDisable: 'hold' }), 'discard', true],
    ['answered 410', ENABLED, disabled({ disabledReason: 'gone', onDisable: 'hold' }), 'hold', false],
    ['is changed while it is held', disabled({ held: true }), disabled({ held: true }), 'discard', true],
    [
      'is changed after it was discarded',
      disabled({ held: false }),
      disabled({ held: false }),
      'hold',
      false,
    ],
    [
      'gets another setting',
      disabled({ held: true }),
      disabled({ held: true, onDisable: 'discard' }),
      'hold',
      false,
    ],
    ['was disabled past all dispatchers', disabled(), disabled(), 'hold', true],
    ['is enabled', disabled({ held: true }), record({ held: true }), 'hold', undefined],
  ] as const)('one that %s', (_, before, after, onDisable, held) => {
    const decided = decideHold(before, after, { onDisable });
    expect(decided.held).toBe(held);
    expect(decided).toEqual({ ...after, ...(held === undefined ? { held: undefined } : { held }) });
  });
});

describe('isHeld and isUndecided', () => {
  it.each([
    [ENABLED, false, false],
    [record({ held: true }), false, false],
    [disabled(), false, true],
    [disabled({ held: false }), false, false],
    [disabled({ held: true }), true, false],
  ])('of %o', (endpoint, held, undecided) => {
    expect([isHeld(endpoint), isUndecided(endpoint)]).toEqual([held, undecided]);
  });
});
