import { expect } from 'vitest';
import { PosthornError } from '../../../src/errors.ts';

/** The error that a call throws on purpose. */
export function errorOf(act: () => unknown): PosthornError {
  let result: unknown;
  try {
    result = act();
  } catch (error) {
    expect(error).toBeInstanceOf(PosthornError);
    return error as PosthornError;
  }
  throw new Error(`returned ${JSON.stringify(result)}`);
}
