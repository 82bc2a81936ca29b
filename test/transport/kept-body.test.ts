import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { KeptBody } from '../../src/transport/kept-body.ts';

describe('KeptBody', () => {
  it('keeps the first bytes up to its limit, however they come, and says when there were more', () => {
    const limit = fc.oneof(fc.nat({ max: 64 }), fc.constant(Infinity));
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), limit, (chunks, maxBytes) => {
        const kept = new KeptBody(maxBytes);
        const given: Uint8Array[] = [];
        for (const chunk of chunks) {
          given.push(chunk);
          if (!kept.add(chunk)) break;
        }
        const all = Buffer.concat(given);
        assert.deepEqual(Buffer.from(kept.take()), all.subarray(0, maxBytes));
        assert.equal(kept.isTruncated, all.length > maxBytes);
      }),
    );
  });

  it('does not write into the chunks that it was given', () => {
    const chunk = Uint8Array.from([1, 2, 3, 4]);
    const kept = new KeptBody(100);
    kept.add(chunk.subarray(0, 2));
    kept.add(Uint8Array.from([9, 9]));
    assert.deepEqual([...chunk], [1, 2, 3, 4]);
    assert.deepEqual([...kept.take()], [1, 2, 9, 9]);
  });
});
