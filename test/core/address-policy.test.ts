import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { createAddressPolicy, describeRefusal } from '../../src/core/address-policy.ts';
import { OptionsError } from '../../src/errors.ts';

const strict = createAddressPolicy({ allowPrivate: [] });

/** Refused by default, one or more addresses for each range and each form. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'this network': ['0.0.0.0', '0.0.0.1', '0.255.255.255'],
  'private networks': [
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '192.168.255.255',
  ],
  'shared address space': ['100.64.0.1', '100.100.100.200', '100.127.255.255'],
  loopback: ['127.0.0.1', '127.1.2.3', '127.255.255.255', '::1'],
  'link-local': ['169.254.0.1', '169.254.169.254', '169.254.170.2', '169.254.255.255', 'fe80::1', 'febf::1'],
  'reserved for protocols': [
    '192.0.0.1',
    '192.0.0.192',
    '192.88.99.1',
    '192.31.196.1',
    '192.52.193.1',
    '192.175.48.1',
  ],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1', '3fff:fff::1'],
  benchmarks: ['198.18.0.1', '198.19.255.255'],
  'multicast, reserved and broadcast': [
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    'ff02::1',
    'ff0e::1',
  ],
  'metadata in public ranges': ['168.63.129.16'],
  unspecified: ['::'],
  'unique local': ['fc00::1', 'fd00::1', 'fd00:ec2::254', 'fd20:ce::254', 'fdff:ffff::1'],
  'site-local': ['fec0::1'],
  'IPv4-mapped': [
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:8.8.8.8',
    '0:0:0:0:0:ffff:a9fe:a9fe',
    '::FFFF:10.0.0.1',
  ],
  'IPv4-compatible': ['::7f00:1', '::127.0.0.1', '::a9fe:a9fe', '::8.8.8.8'],
  'translated (SIIT)': ['::ffff:0:127.0.0.1', '::ffff:0:7f00:1'],
  NAT64: [
    '64:ff9b::7f00:1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::1',
    '64:ff9b:1:ffff::7f00:1',
  ],
  '6to4': ['2002:7f00:1::', '2002:7f00:1::1', '2002:a9fe:a9fe::', '2002:808:808::1'],
  Teredo: ['2001::1', '2001:0:7f00:1::', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  'other protocol blocks': [
    '2001:1::1',
    '2001:2::1',
    '2001:10::1',
    '2001:20::1',
    '2001:1ff:ffff::1',
    '2620:4f:8000::1',
  ],
  ISATAP: [
    '2a00::5efe:7f00:1',
    '2a00::200:5efe:10.0.0.1',
    '2a00:1:2:3:0:5efe:a9fe:a9fe',
    '2a00::5efe:8.8.8.8',
  ],
  'discard, dummy and SRv6': ['100::1', '100:0:0:1::', '5f00::1'],
  'outside of what is routed': ['1::1', '1fff:ffff::1', '4000::1', '8000::1', 'e000::1', '200::1'],
};

const UNREADABLE = [
  ...[
    '',
    ' ',
    'localhost',
    'example.com',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '127.0.0.1 ',
    ' 127.0.0.1',
  ],
  ...[
    '127.0.0.01',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3',
    '[::1]',
    '::1%lo',
    'fe80::1%eth0',
    '2a00::1%0',
    '::1/128',
  ],
  ...[
    '127.0.0.1:80',
    '1.2.3.4\0',
    '\uff11.2.3.4',
    ':::',
    '1::2::3',
    'g::1',
    '12345::1',
    '2a00::1::',
    '::ffff:999.1.1.1',
  ],
];

const ALLOWED = [
  ...[
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '93.184.216.34',
    '100.63.255.255',
    '100.128.0.1',
    '126.255.255.255',
  ],
  ...[
    '128.0.0.1',
    '168.63.129.15',
    '168.63.129.17',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
  ],
  ...['192.0.1.1', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255'],
  ...[
    '2000::1',
    '2001:200::1',
    '2001:4860:4860::8888',
    '2003::1',
    '2606:4700::1111',
    '2a00:1450:4001::200e',
    '3ffe::1',
  ],
];

describe('createAddressPolicy', () => {
  describe('without exceptions', () => {
    it.each(Object.entries(REFUSED))('refuses %s', (_what, addresses) => {
      for (const address of addresses) assert.equal(strict.judge(address).allowed, false, address);
    });

    it('refuses what is not an address', () => {
      for (const text of UNREADABLE) {
        const verdict = strict.judge(text);
        assert.ok(!verdict.allowed && verdict.why.includes('not an IP address'), text);
      }
    });

    it('allows public addresses, up to the edges of the refused ranges', () => {
      for (const address of ALLOWED) assert.deepEqual(strict.judge(address), { allowed: true }, address);
    });

    it('says what an address is and which range would allow it', () => {
      const verdicts = [
        '127.0.0.1',
        '10.1.2.3',
        '::1',
        '169.254.169.254',
        '::ffff:8.8.8.8',
        '::ffff:7f00:1',
      ].map((address) => strict.judge(address));
      assert.deepEqual(verdicts, [
        { allowed: false, why: '127.0.0.1 is loopback', allowWith: '127.0.0.0/8' },
        { allowed: false, why: '10.1.2.3 is a private network', allowWith: '10.1.2.3/32' },
        { allowed: false, why: '::1 is loopback', allowWith: '::1/128' },
        { allowed: false, why: '169.254.169.254 is link-local, where clouds serve instance credentials' },
        { allowed: false, why: '::ffff:8.8.8.8 is a mapped address for 8.8.8.8', allowWith: '::ffff:0:0/96' },
        {
          allowed: false,
          why: '::ffff:7f00:1 is a mapped address for 127.0.0.1',
          allowWith: "::ffff:0:0/96', '127.0.0.0/8",
        },
      ]);
      const both = createAddressPolicy({ allowPrivate: ['::ffff:0:0/96', '127.0.0.0/8'] });
      assert.equal(both.judge('::ffff:7f00:1').allowed, true);
    });

    it('says which name would allow it, where a name can', () => {
      const described = [
        ['10.1.2.3', 'hooks.internal'],
        ['10.1.2.3', undefined],
        ['192.0.2.1', 'hooks.internal'],
        ['169.254.169.254', 'hooks.internal'],
      ].map(([address, name]) => {
        const verdict = strict.judge(address!, name);
        assert.ok(!verdict.allowed);
        return describeRefusal(verdict).replace(/^[^;]*; /, '');
      });
      assert.deepEqual(described, [
        "private addresses are refused unless the dispatcher has network: { allowHosts: ['hooks.internal'] } or { allowPrivate: ['10.1.2.3/32'] }",
        "private addresses are refused unless the dispatcher has network: { allowPrivate: ['10.1.2.3/32'] }",
        "private addresses are refused unless the dispatcher has network: { allowPrivate: ['192.0.2.1/32'] }",
        'no option allows it',
      ]);
    });

    it('never throws, whatever it is given', () => {
      fc.assert(
        fc.property(fc.oneof(fc.string(), fc.ipV6(), fc.ipV4(), fc.ipV4Extended()), (text) => {
          assert.equal(typeof strict.judge(text).allowed, 'boolean');
        }),
      );
    });

    it('refuses every IPv6 address outside of 2000::/3', () => {
      fc.assert(
        fc.property(fc.ipV6(), (address) => {
          const first = Number.parseInt(address.split(':')[0]! || '0', 16);
          if (first < 0x2000 || first > 0x3fff) assert.equal(strict.judge(address).allowed, false, address);
        }),
      );
    });
  });

  describe('with allowPrivate', () => {
    const lenient = createAddressPolicy({ allowPrivate: ['0.0.0.0/0', '::/0'] });

    it('allows the given ranges and nothing else', () => {
      const policy = createAddressPolicy({
        allowPrivate: ['10.0.0.0/8', '192.168.7.7/32', 'fd12:3456::/32'],
      });
      const allowed = ['10.0.0.1', '192.168.7.7', 'fd12:3456::9', '8.8.8.8'];
      const refused = ['192.168.7.8', '127.0.0.1', 'fd12:3457::9', '::1', '::ffff:10.0.0.1', '172.16.0.1'];
      for (const address of allowed) assert.equal(policy.judge(address).allowed, true, address);
      for (const address of refused) assert.equal(policy.judge(address).allowed, false, address);
    });

    it('keeps link-local and metadata addresses refused', () => {
      const closed = [
        '169.254.169.254',
        '169.254.0.1',
        'fe80::1',
        'fd00:ec2::254',
        '168.63.129.16',
        '100.100.100.200',
        '192.0.0.192',
      ];
      const wrapped = [
        '::ffff:169.254.169.254',
        '64:ff9b::a9fe:a9fe',
        '2002:a9fe:a9fe::1',
        '::a9fe:a9fe',
        '2a00::5efe:a9fe:a9fe',
      ];
      for (const address of [...closed, ...wrapped]) {
        const verdict = lenient.judge(address);
        assert.ok(!verdict.allowed && verdict.allowWith === undefined, address);
      }
    });

    it('still refuses what is not an address', () => {
      for (const text of UNREADABLE) assert.equal(lenient.judge(text).allowed, false, text);
    });

    it('does not let an IPv4 range allow addresses that carry IPv4', () => {
      const policy = createAddressPolicy({ allowPrivate: ['127.0.0.0/8', '10.0.0.0/8'] });
      for (const address of [
        '::ffff:127.0.0.1',
        '::ffff:7f00:1',
        '::127.0.0.1',
        '64:ff9b::a00:1',
        '2002:a00:1::1',
      ]) {
        assert.equal(policy.judge(address).allowed, false, address);
      }
    });

    it('judges the IPv4 address behind an allowed gateway range', () => {
      const policy = createAddressPolicy({ allowPrivate: ['64:ff9b::/96'] });
      assert.equal(policy.judge('64:ff9b::8.8.8.8').allowed, true);
      assert.equal(policy.judge('64:ff9b::10.0.0.1').allowed, false);
    });
  });

  describe('with allowHosts', () => {
    const policy = createAddressPolicy({ allowPrivate: [], allowHosts: ['hooks.internal', '*.svc.local'] });
    const trusted = (address: string): boolean => policy.judge(address, 'hooks.internal').allowed;

    it('allows private addresses for the given names only', () => {
      for (const address of [
        '10.0.0.1',
        '172.16.0.1',
        '192.168.0.1',
        '100.64.0.1',
        '127.0.0.1',
        '::1',
        'fd12::1',
      ]) {
        assert.equal(trusted(address), true, address);
        assert.equal(policy.judge(address, 'A.svc.local.').allowed, true, address);
        for (const name of [undefined, 'svc.local', 'a.b.svc.local', 'hooks.internal.example', ''])
          assert.equal(policy.judge(address, name).allowed, false, `${address} as ${name}`);
      }
    });

    it('still allows what is public, under any name', () => {
      for (const name of [undefined, 'hooks.internal', 'example.com'])
        assert.equal(policy.judge('8.8.8.8', name).allowed, true);
    });

    it('keeps link-local and metadata addresses refused, and all that is no private address', () => {
      const closed = ['169.254.169.254', 'fe80::1', 'fd00:ec2::254', '168.63.129.16', '100.100.100.200'];
      const special = ['0.0.0.0', '::', '224.0.0.1', '240.0.0.1', '192.0.2.1', '198.18.0.1', '2001:db8::1'];
      const wrapped = ['::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:a00:1::1', '::10.0.0.1'];
      for (const address of [...closed, ...special, ...wrapped])
        assert.equal(trusted(address), false, address);
    });

    it('still refuses what is not an address', () => {
      for (const text of UNREADABLE) assert.equal(trusted(text), false, text);
    });

    it('names the pattern that it cannot read', () => {
      assert.throws(() => createAddressPolicy({ allowPrivate: [], allowHosts: ['a', '10.0.0.1'] }), {
        code: 'invalid_option',
        path: 'network.allowHosts[1]',
      });
    });
  });

  describe('reads ranges strictly', () => {
    const wrong: readonly (readonly [unknown, string])[] = [
      ['10.0.0.0', 'write "10.0.0.0/32"'],
      ['::1', 'write "::1/128"'],
      ['10.0.0.1/8', 'did you mean "10.0.0.0/8"?'],
      ['172.31.0.0/12', 'did you mean "172.16.0.0/12"?'],
      ['fd00::1/8', 'has bits set after its first 8'],
      ['10.0.0.0/33', 'from 0 to 32'],
      ['10.0.0.0/-1', 'from 0 to 32'],
      ['10.0.0.0/08', 'from 0 to 32'],
      ['10.0.0.0/', 'from 0 to 32'],
      ['10.0.0.0/8.0', 'from 0 to 32'],
      ['10.0.0.0/8/8', 'from 0 to 32'],
      ['fd00::/129', 'from 0 to 128'],
      ['10/8', 'expected a range'],
      ['fe80::%eth0/10', 'expected a range'],
      ['localhost/8', 'expected a range'],
      ['localhost', "For localhost write '127.0.0.0/8', '::1/128'."],
      ['', 'expected a range'],
      [8, 'got number'],
      [null, 'got null'],
    ];

    it.each(wrong)('refuses %j', (range, message) => {
      assert.throws(
        () => createAddressPolicy({ allowPrivate: ['10.0.0.0/8', range as string] }),
        (error) =>
          error instanceof OptionsError &&
          error.path === 'network.allowPrivate[1]' &&
          error.message.includes(message),
      );
    });

    it('refuses something else than an array', () => {
      for (const value of [undefined, null, '10.0.0.0/8', {}]) {
        assert.throws(() => createAddressPolicy({ allowPrivate: value as never }), {
          code: 'invalid_option',
          path: 'network.allowPrivate',
        });
      }
    });
  });
});
