import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { createAddressPolicy } from '../../src/core/address-policy.ts';
import { parseEndpointUrl } from '../../src/core/url-rules.ts';
import { OptionsError } from '../../src/errors.ts';

const rules = { addressPolicy: createAddressPolicy({ allowPrivate: [] }) };
const loopbackRules = { addressPolicy: createAddressPolicy({ allowPrivate: ['127.0.0.0/8'] }) };

function messageOf(url: unknown, given: Parameters<typeof parseEndpointUrl>[2] = rules): string {
  try {
    parseEndpointUrl(url, 'url', given);
  } catch (error) {
    assert.ok(error instanceof OptionsError && error.path === 'url');
    return error.message;
  }
  return '';
}

describe('parseEndpointUrl', () => {
  it('gives origin, path with query, and the whole URL, normalised', () => {
    assert.deepEqual(parseEndpointUrl('https://Example.COM:443/a/../hooks?key=1', 'url', rules), {
      origin: 'https://example.com',
      path: '/hooks?key=1',
      href: 'https://example.com/hooks?key=1',
    });
    assert.deepEqual(parseEndpointUrl('HTTP://b\u00fccher.example:8080', 'url', rules), {
      origin: 'http://xn--bcher-kva.example:8080',
      path: '/',
      href: 'http://xn--bcher-kva.example:8080/',
    });
  });

  const refused: readonly (readonly [unknown, string])[] = [
    [undefined, 'got a value of type undefined'],
    [null, 'got null'],
    [new URL('https://example.com'), 'got a value of type object'],
    ['', 'starts with https:// or http://'],
    ['example.com/hooks', 'starts with https:// or http://'],
    ['//example.com', 'starts with https:// or http://'],
    ['ftp://example.com', 'starts with https:// or http://'],
    ['file:///etc/passwd', 'starts with https:// or http://'],
    ['javascript:alert(1)', 'starts with https:// or http://'],
    ['https:example.com', 'starts with https:// or http://'],
    ['https:/example.com', 'starts with https:// or http://'],
    ['https:///example.com', 'starts with https:// or http://'],
    ['https://', 'starts with https:// or http://'],
    ['https://?x', 'expected an absolute URL'],
    ['https://a..b:99999', 'expected an absolute URL'],
    ['https://1.2.3.4.5/', 'expected an absolute URL'],
    ['https://[example.com]/', 'expected an absolute URL'],
    ['https://[fe80::1%25eth0]/', 'expected an absolute URL'],
    ['https://user:secret@example.com', 'user name and password'],
    ['https://user@example.com', 'user name and password'],
    ['https://@example.com', 'user name and password'],
    ['https://:@example.com', 'user name and password'],
    ['https://example.com#section', 'after #'],
    ['https://example.com/#', 'after #'],
    [' https://example.com', 'white space'],
    ['https://example.com/a b', 'white space'],
    ['https://exam\tple.com', 'white space'],
    ['https://example.com/\r\nx: y', 'white space'],
    ['https://example.com\u2028', 'white space'],
    ['https://exam\u00adple.com', 'white space'],
    ['https://loc\u200balhost', 'white space'],
    ['https://example.com\0', 'white space'],
    ['https:\\\\example.com', 'backslash'],
    ['https://example.com\\@10.0.0.1', 'backslash'],
    [`https://example.com/${'a'.repeat(2048)}`, 'at most 2048 characters'],
    ['http://example.com:22', 'port 22'],
    ['http://example.com:25', 'port 25'],
    ['http://example.com:6667', 'port 6667'],
    ['http://example.com:0', 'port 0'],
  ];

  it.each(refused)('refuses %j', (url, message) => {
    assert.ok(messageOf(url).includes(message), messageOf(url));
  });

  it('refuses literal addresses of private networks in every spelling, and names the option', () => {
    const spellings = [
      ...[
        '127.0.0.1',
        '127.1',
        '2130706433',
        '0x7f000001',
        '0x7f.1',
        '0177.0.0.1',
        '017700000001',
        '127.0.0.1.',
      ],
      ...[
        '\uff11\uff12\uff17.0.0.1',
        '\u2460\u2461\u2466.0.0.1',
        '%31%32%37.0.0.1',
        '127\u30020\u30020\u30021',
        '127.0x0.00.1',
      ],
    ];
    for (const host of spellings) {
      assert.equal(
        messageOf(`http://${host}:8080/`),
        "url: 127.0.0.1 is loopback; private addresses are refused unless the dispatcher has network: { allowPrivate: ['127.0.0.0/8'] }.",
        host,
      );
    }
    for (const host of [
      '0',
      '10.0.0.1',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::7f00:1]',
      '[64:ff9b::7f00:1]',
      '[fd00::1]',
    ]) {
      assert.ok(messageOf(`http://${host}/`) !== '', host);
    }
    assert.ok(messageOf('http://10.1.2.3/').includes("allowPrivate: ['10.1.2.3/32']"));
    assert.ok(messageOf('http://[fd00::1]/').includes("allowPrivate: ['fd00::1/128']"));
  });

  it('says that nothing allows a metadata address', () => {
    assert.ok(messageOf('http://169.254.169.254/latest/meta-data').endsWith('no option allows it.'));
  });

  it('takes localhost for loopback', () => {
    for (const host of ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'a.b.localhost.']) {
      assert.ok(messageOf(`http://${host}:8080/`).includes("allowPrivate: ['127.0.0.0/8', '::1/128']"), host);
      assert.equal(messageOf(`http://${host}:8080/`, loopbackRules), '', host);
    }
    assert.equal(messageOf('http://localhost.example/'), '');
    assert.equal(messageOf('http://notlocalhost/'), '');
  });

  it('lets localhost pass where it may have private addresses, and no literal with it', () => {
    const addressPolicy = createAddressPolicy({ allowPrivate: [], allowHosts: ['localhost'] });
    assert.equal(messageOf('http://LOCALHOST.:8080/', { addressPolicy }), '');
    for (const host of ['a.localhost', '127.0.0.1', '[::1]'])
      assert.ok(messageOf(`http://${host}:8080/`, { addressPolicy }).includes('is loopback'), host);
  });

  it('allows literal addresses that the policy allows', () => {
    assert.equal(messageOf('http://127.0.0.1:8080/', loopbackRules), '');
    assert.equal(messageOf('http://8.8.8.8/'), '');
    assert.equal(messageOf('https://[2606:4700::1111]/'), '');
  });

  it('refuses http where https is required', () => {
    assert.ok(
      messageOf('http://example.com', { ...rules, requireHttps: true }).includes('expected an https URL'),
    );
    assert.equal(messageOf('https://example.com', { ...rules, requireHttps: true }), '');
  });

  it('never repeats the URL in a message', () => {
    for (const [url] of refused) {
      if (typeof url === 'string' && url.length > 12) assert.ok(!messageOf(url).includes(url), url);
    }
    assert.ok(!messageOf('https://user:hunter2@example.com').includes('hunter2'));
  });

  it('gives targets that parse to themselves, and throws nothing but OptionsError', () => {
    const characters = [...'abc./?#%@:[]&=;,\\ \t\u00e9\u{1f600}'];
    const rest = fc.string({ unit: fc.constantFrom(...characters) });
    fc.assert(
      fc.property(
        fc.constantFrom('https://', 'https://example.com', 'http://8.8.8.8:80/'),
        rest,
        (start, end) => {
          const url = start + end;
          if (messageOf(url) !== '') return;
          const target = parseEndpointUrl(url, 'url', rules);
          assert.equal(target.origin + target.path, target.href);
          assert.deepEqual(parseEndpointUrl(target.href, 'url', rules), target);
        },
      ),
      { numRuns: 500 },
    );
  });
});
