import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { toTlsView, validateTls } from '../../src/core/endpoint-tls.ts';
import { OptionsError } from '../../src/errors.ts';

const cert = '-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----';
const key = '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----';

describe('validateTls', () => {
  it.each([
    [false],
    [{}],
    [{ cert, key }],
    [{ cert, key, passphrase: 'hunter2', ca: cert, serverName: 'api.internal' }],
    [{ ca: cert }],
    [{ serverName: 'a' }],
    [{ serverName: 'xn--bcher-kva.example' }],
  ])('accepts %j', (value) => {
    validateTls(value, 'tls');
  });

  it.each<[unknown, string, string]>([
    [null, 'tls', 'got null'],
    ['hunter2', 'tls', 'got a string'],
    [{ rejectUnauthorized: false }, 'tls.rejectUnauthorized', 'certificates are always verified'],
    [{ cretificate: cert }, 'tls.cretificate', 'Unknown key'],
    [{ cert, key: 'hunter2' }, 'tls.key', 'expected PEM'],
    [{ cert, key: Buffer.from(key) }, 'tls.key', 'got an object'],
    [{ cert }, 'tls.key', 'needed together with tls.cert'],
    [{ key }, 'tls.cert', 'needed together with tls.key'],
    [{ passphrase: 'hunter2' }, 'tls.key', 'needed together with tls.passphrase'],
    [{ cert, key, passphrase: '' }, 'tls.passphrase', '1 to 1024 characters'],
    [{ ca: 'https://ca.example/hunter2' }, 'tls.ca', 'expected PEM'],
    [{ ca: [cert] }, 'tls.ca', 'got an array'],
    [{ ca: cert + 'x'.repeat(70_000) }, 'tls.ca', 'at most 65536 characters'],
    [{ serverName: 'https://a' }, 'tls.serverName', 'the name of a host'],
    [{ serverName: 'a..b' }, 'tls.serverName', 'the name of a host'],
    [{ serverName: 'a:443' }, 'tls.serverName', 'the name of a host'],
    [{ serverName: 7 }, 'tls.serverName', 'got a number'],
  ])('refuses %j, without showing it', (value, path, message) => {
    assert.throws(
      () => validateTls(value, 'tls'),
      (error) => {
        assert.ok(error instanceof OptionsError);
        assert.equal(error.path, path);
        assert.ok(error.message.includes(message), error.message);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  });
});

describe('toTlsView', () => {
  it('leaves key and passphrase out', () => {
    const view = toTlsView({ cert, key, passphrase: 'hunter2', ca: cert, serverName: 'a' });
    assert.deepEqual(view, { cert, ca: cert, serverName: 'a' });
    assert.deepEqual(toTlsView({}), {});
  });
});
