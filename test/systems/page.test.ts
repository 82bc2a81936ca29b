/** The page of the systems is the same on each machine, and has all cases of a test in one line. */
import { describe, expect, it } from 'vitest';
import { nameProof, titleOf } from '../support/systems-page.ts';

describe('a line of docs/systems.md', () => {
  it.each(['Node.js v22.1.0', 'v20.20.2', 'Flask on Python 3.11.7', 'PHP 8.2.36'])(
    'leaves out what interprets a receiver: %s',
    (version) => {
      expect(titleOf(`receiver: Shop (${version}) > accepts it (/app)`)).toBe(
        'receiver: Shop accepts it (/app)',
      );
    },
  );

  it('has what all cases of a test share, and their number', () => {
    expect(nameProof(['fails by 500'])).toBe('fails by 500');
    expect(nameProof(['fails by 500 at once', 'fails by silence at once'])).toBe(
      'fails by … at once (2 cases)',
    );
    expect(nameProof(['takes a', 'takes a b'])).toBe('takes a … (2 cases)');
  });
});
