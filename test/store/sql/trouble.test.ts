import { describe, expect, it } from 'vitest';
import { OptionsError } from '../../../src/errors.ts';
import { retryTransient, toStoreError } from '../../../src/store/sql/retrying-runner.ts';
import { CallTimeoutError, troubleOf } from '../../../src/store/sql/trouble.ts';

const withCode = (code: string): Error => Object.assign(new Error('it failed'), { code });

describe('troubleOf', () => {
  it.each([
    ['SQLITE_BUSY', 'busy'],
    ['SQLITE_BUSY_SNAPSHOT', 'busy'],
    ['SQLITE_LOCKED_SHAREDCACHE', 'busy'],
    ['40001', 'busy'],
    ['40P01', 'busy'],
    ['ER_LOCK_DEADLOCK', 'busy'],
    ['ER_DUP_ENTRY', 'busy'],
    ['ER_AUTOINC_READ_FAILED', 'busy'],
    ['57P01', 'unavailable'],
    ['08006', 'unavailable'],
    ['ECONNREFUSED', 'unavailable'],
    ['PROTOCOL_CONNECTION_LOST', 'unavailable'],
    ['ER_USER_LIMIT_REACHED', 'unavailable'],
    ['ER_NET_PACKET_TOO_LARGE', undefined],
    ['SQLITE_FULL', undefined],
    ['SQLITE_CORRUPT', undefined],
    ['23505', 'busy'],
    ['42P01', undefined],
    ['ER_NO_SUCH_TABLE', undefined],
  ])('takes %s for %s', (code, trouble) => {
    expect(troubleOf(withCode(code))).toBe(trouble);
  });

  it.each([
    ['Connection terminated unexpectedly', 'unavailable'],
    ['timeout exceeded when trying to connect', 'unavailable'],
    [`Can't add new command when connection is in closed state`, 'unavailable'],
    ['Queue limit reached.', 'busy'],
    ['No connections available.', 'busy'],
    ['syntax error at or near "selct"', undefined],
  ])('takes the message "%s" for %s', (message, trouble) => {
    expect(troubleOf(new Error(message))).toBe(trouble);
  });

  it('knows the numbers of node:sqlite, and its own timeout', () => {
    expect(troubleOf(Object.assign(new Error('database is locked'), { errcode: 5 }))).toBe('busy');
    expect(troubleOf(Object.assign(new Error('database is locked'), { errcode: 517 }))).toBe('busy');
    expect(troubleOf(Object.assign(new Error('disk I/O error'), { errcode: 10 }))).toBeUndefined();
    expect(troubleOf(new CallTimeoutError('A call', 100))).toBe('unavailable');
    for (const value of [undefined, null, 'SQLITE_BUSY', 5]) expect(troubleOf(value)).toBeUndefined();
  });
});

describe('retryTransient', () => {
  /** Fails with each of these in turn, then answers. */
  function setup(...errors: unknown[]): { call: () => Promise<string>; calls: () => number } {
    let calls = 0;
    const call = async (): Promise<string> => {
      calls += 1;
      if (calls <= errors.length) throw errors[calls - 1];
      return 'done';
    };
    return { call, calls: () => calls };
  }

  it('repeats a call while somebody else is in the way', async () => {
    const { call, calls } = setup(...Array.from({ length: 6 }, () => withCode('40P01')));
    expect(await retryTransient(call)).toBe('done');
    expect(calls()).toBe(7);
  });

  it('bridges a connection that is lost once, and gives up one that stays lost', async () => {
    expect(await retryTransient(setup(withCode('ECONNRESET')).call)).toBe('done');
    const cause = withCode('ECONNREFUSED');
    const { call, calls } = setup(...Array.from({ length: 20 }, () => cause));
    const error: unknown = await retryTransient(call).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'StoreError', code: 'store_unavailable', cause });
    expect(calls()).toBeLessThan(10);
  });

  it('does not repeat what would fail again, nor what nobody waits for', async () => {
    const cause = withCode('42P01');
    const { call, calls } = setup(cause, cause);
    await expect(retryTransient(call)).rejects.toMatchObject({ code: 'store_failed', cause });
    expect(calls()).toBe(1);
    const closed = setup(withCode('40P01'));
    await expect(retryTransient(closed.call, () => false)).rejects.toMatchObject({ code: 'store_failed' });
    expect(closed.calls()).toBe(1);
  });

  it.each<[string, Error, string, string]>([
    [
      'pg at another server',
      new Error('Received unexpected copyData message from backend.'),
      'store_failed',
      'The database refused: Received unexpected copyData message from backend. ' +
        'What answers at this address does not speak the protocol of PostgreSQL: is the port right?',
    ],
    [
      'mysql2 at another server',
      Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' }),
      'store_unavailable',
      'The database cannot be reached, or does not answer: connect ETIMEDOUT. ' +
        'What listens at this address, if anything does, did not greet as MySQL and MariaDB do: is the port right?',
    ],
    [
      'a host that does not answer',
      Object.assign(new Error('connect ETIMEDOUT 192.0.2.1:3306'), { code: 'ETIMEDOUT' }),
      'store_unavailable',
      'The database cannot be reached, or does not answer: connect ETIMEDOUT 192.0.2.1:3306. Is it running, and is the address right?',
    ],
  ])('says what may be wrong with the address: %s', (_, cause, code, message) => {
    expect(toStoreError(cause)).toMatchObject({ name: 'StoreError', code, message, cause });
  });

  it('leaves mistakes in a call what they are', () => {
    const mistake = new OptionsError('cursor', 'cursor: expected one of this list');
    expect(toStoreError(mistake)).toBe(mistake);
    const bug = new TypeError('no value');
    expect(toStoreError(bug)).toBe(bug);
  });
});
