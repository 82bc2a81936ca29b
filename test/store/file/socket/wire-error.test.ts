import { describe, expect, it } from 'vitest';
import { OptionsError, StoreError } from '../../../../src/errors.ts';
import { fromWireError, toWireError } from '../../../../src/store/file/socket/wire-error.ts';

const travel = (error: unknown): Error => fromWireError(structuredClone(toWireError(error)));

describe('errors that travel', () => {
  it.each(['store_failed', 'store_full', 'store_owner_lost', 'record_invalid'] as const)(
    'stay StoreErrors of code %s',
    (code) => {
      const disk = Object.assign(new Error('no space left', { cause: new RangeError('deep') }), {
        code: 'ENOSPC',
      });
      const error = travel(new StoreError('Could not write.', { code, cause: disk }));
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ code, message: 'Could not write.', name: 'StoreError' });
      expect(error.cause).toMatchObject({ code: 'ENOSPC', message: 'no space left' });
      expect((error.cause as Error).cause).toMatchObject({ name: 'RangeError', message: 'deep' });
    },
  );

  it('stay OptionsErrors, with their path', () => {
    const error = travel(new OptionsError('reason', 'reason: expected one'));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error).toMatchObject({ code: 'invalid_option', path: 'reason', message: 'reason: expected one' });
  });

  it('stay TypeErrors', () => {
    expect(travel(new TypeError('not a function'))).toBeInstanceOf(TypeError);
  });

  it('become StoreErrors, whatever else they were', () => {
    const faulty = Object.defineProperty(new Error('x'), 'cause', {
      get: () => {
        throw new Error('no');
      },
    });
    for (const thrown of ['text', undefined, faulty, new RangeError('out of range'), null]) {
      const error = travel(thrown);
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ code: 'store_failed' });
    }
  });

  it('end where causes go in circles', () => {
    const error = new Error('round');
    error.cause = error;
    expect(travel(error)).toMatchObject({ code: 'store_failed', message: 'round' });
  });
});
