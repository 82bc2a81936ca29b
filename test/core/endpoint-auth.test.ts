import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { toAuthView, validateAuth } from '../../src/core/endpoint-auth.ts';
import { OptionsError } from '../../src/errors.ts';

const FUNCTIONS = new Set(['vault']);
const oauth2 = {
  type: 'oauth2',
  tokenUrl: 'https://id.example/token',
  clientId: 'posthorn',
  clientSecret: 'hunter2',
} as const;

function errorOf(value: unknown): OptionsError | undefined {
  try {
    validateAuth(value, 'auth', FUNCTIONS);
  } catch (error) {
    assert.ok(error instanceof OptionsError);
    return error;
  }
  return undefined;
}

describe('validateAuth', () => {
  it.each([
    [false],
    [{ type: 'basic', username: 'user', password: '' }],
    [{ type: 'basic', username: 'üser', password: 'with: colon' }],
    [{ type: 'bearer', token: 'vault' }],
    [oauth2],
    [{ ...oauth2, scope: 'a b', audience: 'https://api.example', clientAuth: 'body' }],
    [{ ...oauth2, clientAuth: 'basic' }],
  ])('accepts %j', (value) => {
    assert.equal(errorOf(value)?.message, undefined);
  });

  it.each<[unknown, string, string]>([
    [null, 'auth', 'got null'],
    ['hunter2', 'auth', 'got a string'],
    [['hunter2'], 'auth', 'got an array'],
    [{}, 'auth.type', 'expected "basic" or "bearer" or "oauth2"'],
    [{ type: 'basik' }, 'auth.type', 'Did you mean "basic"?'],
    [{ type: 'Bearer hunter2' }, 'auth.type', 'got a string'],
    [{ type: 'basic', user: 'x', password: 'hunter2' }, 'auth.user', 'Unknown key'],
    [{ type: 'basic', password: 'hunter2' }, 'auth.username', 'expected a text, got undefined'],
    [{ type: 'basic', username: 'a:b', password: 'hunter2' }, 'auth.username', 'no colon'],
    [{ type: 'basic', username: '', password: 'hunter2' }, 'auth.username', '1 to 1024 characters, got 0'],
    [{ type: 'basic', username: 'a', password: ['hunter2'] }, 'auth.password', 'got an array'],
    [{ type: 'basic', username: 'a', password: 'hunter2\n' }, 'auth.password', 'without control characters'],
    [{ type: 'basic', username: 'a', password: 'x'.repeat(1025) }, 'auth.password', 'got 1025'],
    [{ type: 'bearer' }, 'auth.token', 'got undefined'],
    [{ type: 'bearer', token: 'hunter2' }, 'auth.token', 'got a string'],
    [{ type: 'bearer', token: 'vaul' }, 'auth.token', 'Did you mean "vault"?'],
    [{ ...oauth2, clientSecret: 7 }, 'auth.clientSecret', 'got a number'],
    [{ ...oauth2, clientId: '' }, 'auth.clientId', 'got 0'],
    [{ ...oauth2, tokenUrl: undefined }, 'auth.tokenUrl', 'got undefined'],
    [{ ...oauth2, scope: '' }, 'auth.scope', 'got 0'],
    [{ ...oauth2, clientAuth: 'header' }, 'auth.clientAuth', '"basic" or "body"'],
    [{ ...oauth2, password: 'hunter2' }, 'auth.password', 'Unknown key'],
  ])('refuses %j, without showing a credential', (value, path, message) => {
    const error = errorOf(value);
    assert.equal(error?.path, path);
    assert.ok(error.message.includes(message), error.message);
    assert.doesNotMatch(error.message, /hunter2/);
  });

  it('takes any name for a function where none are known', () => {
    validateAuth({ type: 'bearer', token: 'elsewhere' }, 'auth', undefined);
  });
});

describe('toAuthView', () => {
  it('leaves credentials out', () => {
    assert.deepEqual(toAuthView({ type: 'basic', username: 'u', password: 'hunter2' }), {
      type: 'basic',
      username: 'u',
    });
    assert.deepEqual(toAuthView({ type: 'bearer', token: 'vault' }), { type: 'bearer', token: 'vault' });
    const { clientSecret: _hidden, ...shown } = oauth2;
    assert.deepEqual(toAuthView(oauth2), shown);
  });
});
