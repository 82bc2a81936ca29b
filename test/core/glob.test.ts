import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob, MAX_GLOB_LENGTH } from '../../src/core/glob.ts';

/** The textbook table: cell [g][t] says that the first g characters of the glob cover the first t of the text. */
function matchesByTable(glob: string, text: string): boolean {
  const characters = [...text];
  let row = characters.map(() => false);
  row.unshift(true);
  for (const wanted of glob) {
    const next = [wanted === '*' && row[0]!];
    for (let index = 1; index <= characters.length; index += 1) {
      const fits = wanted === '?' || wanted === characters[index - 1];
      next.push(wanted === '*' ? row[index]! || next[index - 1]! : fits && row[index - 1]!);
    }
    row = next;
  }
  return row.at(-1)!;
}

/** A string that counts how often one of its characters is read. */
function countingText(text: string): { text: string; reads: () => number } {
  let reads = 0;
  const counting = {
    length: text.length,
    codePointAt(index: number) {
      reads += 1;
      return text.codePointAt(index);
    },
  };
  return { text: counting as unknown as string, reads: () => reads };
}

describe('compileGlob', () => {
  it.each([
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['**', '', true],
    ['?', '', false],
    ['?', 'a', true],
    ['?*', '', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*a*', 'bab', true],
    ['*ab*ba*', 'aba', false],
    ['*ab*ba*', 'abba', true],
    ['*?a?*', 'aaa', true],
    ['*?a?*', 'ab', false],
    ['a\\*', 'a*', false],
    ['a\\*', 'a\\b', true],
    ['a.c', 'abc', false],
    ['line*end', 'line\nnext\r\nend', true],
    ['Ä', 'Ä', true],
    ['?', '😀', true],
    ['??', '😀', false],
    ['*?x', '😀x', true],
    ['x?', 'x😀', true],
    ['*😀*', 'a😀b', true],
    ['*\ude00', '😀', false],
    ['\ud83d*', '😀', false],
    ['*\ude00*', '😀', false],
    ['*?', '\ude00', true],
  ])('matches %j to %j: %s', (glob, text, expected) => {
    expect(compileGlob(glob)(text)).toBe(expected);
    expect(matchesByTable(glob, text)).toBe(expected);
  });

  it('agrees with the textbook on random globs and texts', () => {
    const character = fc.constantFrom('a', 'b', 'a', '😀', '\ud83d');
    const texts = fc.array(character, { maxLength: 20 }).map((parts) => parts.join(''));
    const globs = fc
      .array(fc.oneof(character, fc.constantFrom('*', '?')), { maxLength: 12 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(globs, texts, (glob, text) => {
        expect(compileGlob(glob)(text)).toBe(matchesByTable(glob, text));
      }),
      { numRuns: 2000 },
    );
  });

  it('agrees with the textbook on pieces that are longer than a machine word', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 100, maxLength: 200 });
    fc.assert(
      fc.property(
        texts,
        fc.nat(99),
        fc.integer({ min: 31, max: 100 }),
        fc.nat(200),
        (text, start, length, hole) => {
          const piece = [...text.slice(start, start + length)];
          if (hole < piece.length) piece[hole] = '?';
          const glob = `*${piece.join('')}*`;
          expect(compileGlob(glob)(text)).toBe(true);
          expect(compileGlob(glob)(text.slice(1))).toBe(matchesByTable(glob, text.slice(1)));
          const other = text.replaceAll('b', 'a');
          expect(compileGlob(glob)(other)).toBe(matchesByTable(glob, other));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds every text that was made by filling its wildcards', () => {
    const fill = fc.string({ maxLength: 5 });
    const parts = fc.array(
      fc.tuple(
        fc.string({ maxLength: 4 }).map((text) => text.replace(/[*?]/g, '')),
        fill,
      ),
    );
    fc.assert(
      fc.property(parts, (pairs) => {
        const glob = pairs.map(([literal]) => `${literal}*`).join('');
        expect(compileGlob(glob)(pairs.flat().join(''))).toBe(true);
      }),
    );
  });

  it.each([
    `${'*a'.repeat(127)}*b`,
    `*${'a'.repeat(127)}b${'a'.repeat(100)}*`,
    `*${'?'.repeat(254)}b`,
    `*${'a?'.repeat(126)}b*`,
    `${'*'.repeat(255)}b`,
  ])('reads each character of the text a fixed number of times for %s', (glob) => {
    expect(glob.length).toBeLessThanOrEqual(MAX_GLOB_LENGTH);
    const matches = compileGlob(glob);
    for (const length of [1_000, 10_000, 100_000]) {
      const { text, reads } = countingText('a'.repeat(length));
      expect(matches(text)).toBe(false);
      expect(reads()).toBeLessThanOrEqual(length + 2 * MAX_GLOB_LENGTH);
    }
  });

  it('can be used again: nothing of one text stays for the next', () => {
    const matches = compileGlob('*ab*');
    expect(matches('xa')).toBe(false);
    expect(matches('bx')).toBe(false);
    expect(matches('xab')).toBe(true);
    expect(matches('b')).toBe(false);
  });
});
