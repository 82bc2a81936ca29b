import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkJsonText,
  JsonTextError,
  lineAndColumn,
  locate,
} from '../../../../src/store/file/endpoints-file/json-text.ts';

function problemOf(text: string): string | undefined {
  try {
    checkJsonText(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    const { line, column } = lineAndColumn(text, error.offset);
    return `${line}:${column} ${error.message}`;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('checkJsonText', () => {
  it.each([
    ['', '1:1 expected a value, got the end of the file'],
    ['{', '1:2 expected a key in double quotes, got the end of the file'],
    ['{"a": 1', '1:8 expected , or }, got the end of the file'],
    ['{\n  "a": 1\n  "b": 2\n}', '3:3 expected , or }, got "'],
    ['{"a": 1,}', '1:8 remove the comma: } follows'],
    ['[1,\n]', '1:3 remove the comma: ] follows'],
    ['{a: 1}', '1:2 expected a key in double quotes, got a'],
    ["{'a': 1}", "1:2 expected a key in double quotes, got ' (texts stand in double quotes)"],
    ['{"a"}', '1:5 expected : after the key, got }'],
    ['{"a": tru}', '1:7 expected a value, got t'],
    ['{"a": 01}', '1:8 expected , or }, got 1'],
    ['{"a": +1}', '1:7 expected a value, got +'],
    ['{"a": 1e999}', '1:7 this number is too large'],
    ['{"a": "b\n"}', '1:7 the text that starts here has no " at its end'],
    ['{"a": "b', '1:7 the text that starts here has no " at its end'],
    ['{"a": "\t"}', '1:8 write this control character as \\u and four digits'],
    ['{"a": "\\x"}', '1:8 expected one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u'],
    ['{"a": 1, "b": 2, "a": 3}', '1:18 the key "a" is there twice; remove one of them'],
    ['{} x', '1:4 expected the end of the file, got x'],
    ['\u00a0{}', '1:1 expected a value, got "\u00a0"'],
    [
      '{\n  // mine\n  "a": 1\n}',
      '2:3 comments are not supported; put the remark into a member of its own, such as "note"',
    ],
    [
      '{} /* end */',
      '1:4 comments are not supported; put the remark into a member of its own, such as "note"',
    ],
    ['['.repeat(200), '1:102 nested deeper than 100 levels'],
  ])('says what is wrong with %j', (text, problem) => {
    expect(problemOf(text)).toBe(problem);
  });

  it('accepts what is JSON, and nothing else', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', ',', '{', '}', '0', '\\', ' ', '.', 'e'))
      .map(([text, at, inserted]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + inserted + text.slice(inserted === '' ? place + 1 : place);
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), damaged), (text) => {
        const problem = problemOf(text);
        if (problem?.includes('twice') === true || problem?.includes('too large') === true) return;
        expect(problem === undefined, problem).toBe(isJson(text));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('locate', () => {
  const text =
    '{\n  "endpoints": [\n    { "url": "a" },\n    { "url": "b",\n      "headers": { "X-A": 1 } }\n  ]\n}';
  it.each([
    ['', 1],
    ['endpoints', 2],
    ['endpoints[0].url', 3],
    ['endpoints[1].url', 4],
    ['endpoints[1].headers["X-A"]', 5],
    ['endpoints[1].name', 4],
    ['endpoints[1].urls', 4],
    ['endpoints[11].url', 2],
    ['version', 1],
  ])('finds %j on line %i', (path, line) => {
    expect(lineAndColumn(text, locate(text, path)).line).toBe(line);
  });
});
