import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPattern, matchesPattern, PATTERN_EXPECTED, PatternTree } from '../../src/core/pattern.ts';

const segment = fc.constantFrom('a', 'b', 'c');
const types = fc.array(segment, { minLength: 1, maxLength: 6 }).map((segments) => segments.join('.'));
const patterns = fc
  .array(fc.oneof(segment, fc.constantFrom('*', '**')), { minLength: 1, maxLength: 6 })
  .map((segments) => segments.join('.'));

/** What the words of the reference say, as a regular expression over `.a.b.c`. */
function matchesByExpression(pattern: string, type: string): boolean {
  if (pattern === '*') return true;
  const parts = pattern.split('.').map((part) => {
    if (part === '**') return '(\\.[^.]+)*';
    return part === '*' ? '\\.[^.]+' : `\\.${part}`;
  });
  return new RegExp(`^${parts.join('')}$`).test(`.${type}`);
}

describe('isPattern', () => {
  it.each([
    'job',
    'job.completed',
    'a-b.C_d.9',
    '*',
    '**',
    'job.*',
    '*.completed',
    'job.**',
    '**.*.x',
    'a'.repeat(256),
  ])('accepts %s', (pattern) => {
    expect(isPattern(pattern)).toBe(true);
  });

  it.each([
    '',
    '.',
    'job.',
    '.job',
    'job..done',
    'job*',
    'job.*ed',
    '***',
    'job.***',
    'job done',
    'jöb',
    'job\n',
    'job.completed\u0000',
    '?',
    'a'.repeat(257),
  ])('refuses %j', (pattern) => {
    expect(isPattern(pattern)).toBe(false);
  });

  it.each([undefined, null, 5, true, ['job'], { toString: () => 'job' }])(
    'refuses %o, which is no string',
    (value) => {
      expect(isPattern(value)).toBe(false);
    },
  );

  it('says what it expects, with an example of each wildcard', () => {
    expect(PATTERN_EXPECTED).toContain("'job.*'");
    expect(PATTERN_EXPECTED).toContain("'job.**'");
  });
});

describe('matchesPattern', () => {
  it('agrees with the reference on every pattern and type', () => {
    fc.assert(
      fc.property(patterns, types, (pattern, type) => {
        expect(matchesPattern(pattern, type)).toBe(matchesByExpression(pattern, type));
      }),
      { numRuns: 500 },
    );
  });

  it('matches a pattern without wildcards to itself alone', () => {
    fc.assert(
      fc.property(types, types, (pattern, type) => {
        expect(matchesPattern(pattern, type)).toBe(pattern === type);
      }),
    );
  });

  it('takes a lone star for everything', () => {
    fc.assert(fc.property(types, (type) => matchesPattern('*', type) && matchesPattern('**', type)));
  });

  it('ends on a pattern of many wildcards', () => {
    const pattern = `${'**.a.'.repeat(50)}b`;
    const type = `${'a.'.repeat(120)}c`;
    expect(matchesPattern(pattern, type)).toBe(false);
    expect(matchesPattern(pattern, `${type}.b`)).toBe(false);
    expect(matchesPattern(pattern, `${'a.'.repeat(120)}b`)).toBe(true);
  });
});

describe('PatternTree', () => {
  function treeOf(stored: readonly string[]): PatternTree<string> {
    const tree = new PatternTree<string>();
    for (const pattern of stored) tree.set(pattern, pattern);
    return tree;
  }

  it('finds what matching one by one finds, each once', () => {
    fc.assert(
      fc.property(fc.uniqueArray(patterns, { maxLength: 30 }), types, (stored, type) => {
        // A lone star and a lone double star are the same place.
        const distinct = stored.filter((pattern) => pattern !== '*');
        const found = treeOf(distinct).valuesFor(type);
        expect(found.toSorted()).toEqual(
          distinct.filter((pattern) => matchesPattern(pattern, type)).toSorted(),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('finds the rest after some were deleted, and is empty after all were', () => {
    fc.assert(
      fc.property(fc.uniqueArray(patterns, { maxLength: 30 }), fc.nat(30), types, (stored, count, type) => {
        const distinct = stored.filter((pattern) => pattern !== '*');
        const tree = treeOf(distinct);
        const rest = distinct.slice(count);
        for (const pattern of distinct.slice(0, count)) tree.delete(pattern);
        expect(tree.valuesFor(type).toSorted()).toEqual(
          rest.filter((pattern) => matchesPattern(pattern, type)).toSorted(),
        );
        expect(tree.isEmpty).toBe(rest.length === 0);
        for (const pattern of rest) tree.delete(pattern);
        expect(tree.isEmpty).toBe(true);
      }),
    );
  });

  it('keeps a lone star and a lone double star in one place', () => {
    const tree = treeOf(['*']);
    expect(tree.get('**')).toBe('*');
    tree.delete('**');
    expect(tree.isEmpty).toBe(true);
  });

  it('knows nothing of a pattern that only begins another', () => {
    const tree = treeOf(['job.*.done']);
    expect(tree.get('job.*')).toBeUndefined();
    tree.delete('job.*');
    tree.delete('other.*');
    expect(tree.get('job.*.done')).toBe('job.*.done');
  });

  it('finds nothing under names that every object has', () => {
    const tree = treeOf(['job.*']);
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect(tree.valuesFor(name)).toEqual([]);
      expect(tree.valuesFor(`${name}.x`)).toEqual([]);
      expect(tree.get(`${name}.*`)).toBeUndefined();
    }
    tree.set('__proto__.*', 'own');
    expect(tree.valuesFor('__proto__.x')).toEqual(['own']);
    expect({}).not.toHaveProperty('value');
  });

  it('ends on patterns of many wildcards', () => {
    const tree = treeOf([`${'**.a.'.repeat(60)}b`, `${'**.*.'.repeat(60)}c`, `${'**.'.repeat(120)}a`]);
    expect(tree.valuesFor(`${'a.'.repeat(127)}a`)).toEqual([`${'**.'.repeat(120)}a`]);
    expect(tree.valuesFor(`${'a.'.repeat(127)}b`)).toEqual([`${'**.a.'.repeat(60)}b`]);
  });
});
