import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, it } from 'vitest';
import { parseForwardProxy } from '../../src/core/forward-proxy.ts';
import { OptionsError } from '../../src/errors.ts';

const parse = (value: unknown): ReturnType<typeof parseForwardProxy> =>
  parseForwardProxy(value, 'network.proxy');

function messageOf(value: unknown): string {
  try {
    parse(value);
  } catch (error) {
    assert.ok(error instanceof OptionsError && error.path === 'network.proxy');
    return error.message;
  }
  return '';
}

describe('parseForwardProxy', () => {
  it.each([
    ['http://proxy:4750', 'http:', 'proxy', 4750],
    ['http://proxy', 'http:', 'proxy', 80],
    ['https://proxy.internal/', 'https:', 'proxy.internal', 443],
    ['http://10.0.0.1:3128', 'http:', '10.0.0.1', 3128],
    ['http://[::1]:3128', 'http:', '::1', 3128],
    [new URL('http://proxy:4750'), 'http:', 'proxy', 4750],
  ])('reads %s', (value, protocol, hostname, port) => {
    const proxy = parse(value);
    assert.deepEqual(
      [proxy.protocol, proxy.hostname, proxy.port, proxy.authorization],
      [protocol, hostname, port, undefined],
    );
  });

  it('decodes credentials, also a password alone', () => {
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    assert.equal(parse('http://us%40er:p%3A%C3%A4@proxy').authorization, basic('us@er:p:ä'));
    assert.equal(parse('http://:token@proxy').authorization, basic(':token'));
    assert.equal(parse('http://user@proxy').authorization, basic('user:'));
  });

  it.each([
    [undefined, 'got undefined'],
    [null, 'got null'],
    [4750, 'got a number'],
    [{ url: 'http://proxy' }, 'got an object'],
    ['', 'no URL'],
    ['proxy:4750', 'another scheme'],
    ['user:hunter2@proxy:4750', 'another scheme'],
    ['socks5://user:hunter2@proxy:1080', 'another scheme'],
    ['http://user:hunter2@', 'no URL'],
    ['http://user:hunter2@proxy/path', 'no path'],
    ['http://user:hunter2@proxy/?x', 'no path'],
    ['http://user:hunter2@proxy/#x', 'no path'],
    ['http://user:%E0hunter2@proxy', 'percent-encoded'],
  ])('refuses %j, without showing it', (value, message) => {
    assert.ok(messageOf(value).includes(message), messageOf(value));
    assert.doesNotMatch(messageOf(value), /hunter2/);
  });

  it('shows no credentials to whoever inspects or serialises it', () => {
    const proxy = parse('http://user:hunter2@proxy:4750');
    const encoded = Buffer.from('user:hunter2').toString('base64');
    for (const text of [inspect(proxy, { showHidden: true, depth: 9 }), JSON.stringify({ proxy })])
      assert.ok(!text.includes('hunter2') && !text.includes(encoded), text);
  });
});
