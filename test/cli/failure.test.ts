import { describe, expect, it } from 'vitest';
import { messageOf } from '../../src/cli/failure.ts';
import { StoreError } from '../../src/index.ts';

describe('the message of a command that fails', () => {
  it('begins with what to run where the tables are missing', () => {
    const error = new StoreError(
      "There are no tables posthorn_* of schema version 1. Run the SQL of sqlSchema('sqlite'), or leave out autoMigrate: false.",
      { code: 'schema_mismatch' },
    );
    expect(messageOf(error)).toMatch(
      /version 1\. Here: posthorn migrate\. In the application: run the SQL of/,
    );
  });

  it('advises no migration for tables of a newer release', () => {
    const error = new StoreError('The tables have version 9. Install that release.', {
      code: 'schema_mismatch',
    });
    expect(messageOf(error)).toBe(error.message);
  });

  it('names the key that is missing', () => {
    const error = new StoreError(
      'Cannot decrypt it: it was encrypted with the key 2027-01. Give the store this key.',
      {
        code: 'key_missing',
      },
    );
    expect(messageOf(error)).toContain('Here: add 2027-01:KEY to POSTHORN_ENCRYPTION_KEYS');
  });
});
