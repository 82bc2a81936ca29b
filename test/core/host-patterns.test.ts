import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { createHostMatcher } from '../../src/core/host-patterns.ts';
import { OptionsError } from '../../src/errors.ts';

const PATH = 'network.allowHosts';

describe('createHostMatcher', () => {
  const matches = createHostMatcher(
    ['Hooks.Internal.', '*.svc.local', 'bücher.example', 'redis', '*.intern'],
    PATH,
  );

  it('knows names whatever their case and trailing dot', () => {
    for (const name of ['hooks.internal', 'HOOKS.internal', 'hooks.internal.', 'redis', 'redis.'])
      assert.equal(matches(name), true, name);
    for (const name of [
      'internal',
      'a.hooks.internal',
      'hooks.internal.example',
      'xhooks.internal',
      'redis..',
      '',
    ])
      assert.equal(matches(name), false, name);
  });

  it('takes a star for exactly one label', () => {
    for (const name of [
      'a.svc.local',
      'A.SVC.local.',
      'xn--bcher-kva.svc.local',
      'a_b.svc.local',
      'x.intern',
    ])
      assert.equal(matches(name), true, name);
    for (const name of [
      'svc.local',
      'a.b.svc.local',
      'asvc.local',
      '.svc.local',
      'a.svc.local.example',
      'intern',
    ])
      assert.equal(matches(name), false, name);
  });

  it('compares international names in their ASCII form', () => {
    assert.equal(matches('xn--bcher-kva.example'), true);
    assert.equal(matches('bucher.example'), false);
  });

  it('knows no name without patterns', () => {
    assert.equal(createHostMatcher([], PATH)('hooks.internal'), false);
  });

  const wrong: readonly (readonly [unknown, string])[] = [
    ['*', 'the whole first label'],
    ['*.*.local', 'the whole first label'],
    ['a*.local', 'the whole first label'],
    ['a.*.local', 'the whole first label'],
    ['**.local', 'the whole first label'],
    ['*.', 'expected the name of a host'],
    ['', 'expected the name of a host'],
    ['.', 'expected the name of a host'],
    ['a..b', 'expected the name of a host'],
    ['.local', 'expected the name of a host'],
    ['*..local', 'expected the name of a host'],
    ['a b', 'expected the name of a host'],
    ['http://a.local', 'expected the name of a host'],
    ['a.local:80', 'expected the name of a host'],
    ['a.local/x', 'expected the name of a host'],
    ['u@a.local', 'expected the name of a host'],
    ['%61.local', 'expected the name of a host'],
    ['10.0.0.1', 'Give addresses to network.allowPrivate'],
    ['127.1', 'Give addresses to network.allowPrivate'],
    ['0x7f000001', 'Give addresses to network.allowPrivate'],
    ['*.0.0.1', 'Give addresses to network.allowPrivate'],
    ['[::1]', 'expected the name of a host'],
    ['::1', 'expected the name of a host'],
    [7, 'got 7'],
    [null, 'got null'],
  ];

  it.each(wrong)('refuses %j', (pattern, message) => {
    assert.throws(
      () => createHostMatcher(['hooks.internal', pattern], PATH),
      (error) =>
        error instanceof OptionsError && error.path === `${PATH}[1]` && error.message.includes(message),
    );
  });

  it('refuses something else than an array', () => {
    for (const value of [null, 'hooks.internal', {}])
      assert.throws(() => createHostMatcher(value, PATH), { code: 'invalid_option', path: PATH });
  });
});
