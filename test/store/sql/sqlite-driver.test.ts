import { describe, expect, it } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { noDriverError } from '../../../src/store/sql/sqlite/sqlite-driver.ts';

/** What loading a package that is not installed throws. */
function missing(name: string): StoreError {
  const cause = Object.assign(new Error(`Cannot find package '${name}' imported from here`), {
    code: 'ERR_MODULE_NOT_FOUND',
  });
  return new StoreError(`This store needs the package ${name}.`, { cause });
}

const tooOld = new StoreError('This store needs node:sqlite.', {
  cause: new Error('No such built-in module'),
});

describe('the error for a SQLite file without a driver', () => {
  it('says once what to install', () => {
    const error = noDriverError(
      new Map([
        ['better-sqlite3', missing('better-sqlite3')],
        ['libsql', missing('libsql')],
        ['node:sqlite', tooOld],
      ]),
    );
    expect(error.message).toMatch(
      /none can be loaded\. Install one: npm install better-sqlite3, or npm install libsql; Node\.js 22\.13 and newer have one of their own, node:sqlite\.$/,
    );
    expect(error.code).toBe('driver_missing');
    expect(error.cause).toBeInstanceOf(StoreError);
  });

  it('adds what is wrong with one that is installed', () => {
    const broken = new StoreError(
      'The package better-sqlite3 is installed, but cannot be loaded: other ABI',
      {
        cause: new Error('other ABI'),
      },
    );
    const error = noDriverError(
      new Map([
        ['better-sqlite3', broken],
        ['libsql', missing('libsql')],
        ['node:sqlite', tooOld],
      ]),
    );
    expect(error.message).toMatch(/node:sqlite\. The package better-sqlite3 is installed, .*: other ABI$/);
    expect(error.cause).toBe(broken);
  });
});
