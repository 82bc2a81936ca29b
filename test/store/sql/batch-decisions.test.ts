import { describe, expect, it } from 'vitest';
import { decideEntries, KnownMessages } from '../../../src/store/sql/operations/batch-decisions.ts';
import type { NewMessage } from '../../../src/store/store.ts';
import { entry } from './fixtures.ts';

const decide = (messages: readonly Partial<NewMessage>[], known = new KnownMessages(), holdsKeys = true) =>
  decideEntries(
    messages.map((message) => entry([], message)),
    known,
    holdsKeys,
  );

describe('decideEntries', () => {
  it('takes the first of equal ids or keys, of equal tenants', () => {
    expect(
      decide([
        { id: 'a', idempotencyKey: 'key' },
        { id: 'a', tenant: 'other' },
        { id: 'b', idempotencyKey: 'key' },
        { id: 'c', idempotencyKey: 'key', tenant: 'other' },
      ]),
    ).toEqual([
      { kind: 'store' },
      { kind: 'conflict', messageId: 'a' },
      { kind: 'duplicate', messageId: 'a' },
      { kind: 'store' },
    ]);
  });

  it('leaves a key free whose entry was not stored', () => {
    const known = new KnownMessages();
    known.addById({ id: 'a', tenant: 'default', fingerprint: null });
    expect(
      decide(
        [
          { id: 'a', idempotencyKey: 'key' },
          { id: 'b', idempotencyKey: 'key' },
        ],
        known,
      ),
    ).toEqual([{ kind: 'duplicate', messageId: 'a' }, { kind: 'store' }]);
  });

  it('compares ids before keys, wherever they stand', () => {
    const known = new KnownMessages();
    known.addByKey({ id: 'stored', tenant: 'default', fingerprint: 'x' }, 'key');
    expect(
      decide([{ id: 'a' }, { id: 'a', idempotencyKey: 'key' }, { id: 'b', idempotencyKey: 'key' }], known),
    ).toEqual([
      { kind: 'store' },
      { kind: 'duplicate', messageId: 'a' },
      { kind: 'conflict', messageId: 'stored' },
    ]);
  });

  it('remembers no keys without a window', () => {
    const messages = [
      { id: 'a', idempotencyKey: 'key' },
      { id: 'b', idempotencyKey: 'key' },
    ];
    expect(decide(messages, new KnownMessages(), false)).toEqual([{ kind: 'store' }, { kind: 'store' }]);
  });
});
