import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionsError } from '../../src/errors.ts';
import {
  type FilterInput,
  MAX_FILTER_PATH_LENGTH,
  parseFilterPath,
  readFilterPath,
} from '../../src/core/filter-path.ts';
import type { JsonValue } from '../../src/core/json.ts';

function inputWith(data: JsonValue): FilterInput {
  return { type: 'job.completed', tenant: 'acme', data, metadata: { plan: 'vip' } };
}

function read(path: string, data: JsonValue): JsonValue | undefined {
  return readFilterPath(parseFilterPath(path, 'filter'), inputWith(data));
}

const escape = (name: string): string => name.replace(/[\\.]/g, '\\$&');

describe('parseFilterPath', () => {
  it('takes a path apart, escapes undone', () => {
    expect(parseFilterPath('data.a\\.b.c\\\\d.0', 'filter')).toEqual({
      text: 'data.a\\.b.c\\\\d.0',
      root: 'data',
      steps: ['a.b', 'c\\d', '0'],
    });
  });

  it.each(['type', 'data', 'metadata', 'tenant'])('takes %s alone', (root) => {
    expect(parseFilterPath(root, 'filter')).toEqual({ text: root, root, steps: [] });
  });

  it.each([
    ['machineId', 'did you mean "data.machineId"?'],
    ['user.id', 'did you mean "data.user.id"?'],
    ['Data.id', 'did you mean "data.Data.id"?'],
    ['data\\.id', 'did you mean "data.data\\\\.id"?'],
    ['__proto__', 'did you mean "data.__proto__"?'],
    ['constructor.name', 'did you mean "data.constructor.name"?'],
    ['', 'one name is empty'],
    ['data.', 'one name is empty'],
    ['.data', 'one name is empty'],
    ['data..id', 'one name is empty'],
    ['data.a\\', 'a backslash stands before'],
    ['data.a\\n', 'a backslash stands before'],
    ['type.length', 'type is a string and has no members; write "type"'],
    ['tenant.0', 'tenant is a string and has no members; write "tenant"'],
    [`data.${'a'.repeat(MAX_FILTER_PATH_LENGTH)}`, 'at most 256 characters, got 261'],
  ])('refuses %j', (path, message) => {
    expect(() => parseFilterPath(path, 'filter["x"]')).toThrow(OptionsError);
    expect(() => parseFilterPath(path, 'filter["x"]')).toThrow(message);
    expect(() => parseFilterPath(path, 'filter["x"]')).toThrow(
      expect.objectContaining({ path: 'filter["x"]' }),
    );
  });
});

describe('readFilterPath', () => {
  it('reads type, tenant and metadata', () => {
    expect(read('type', null)).toBe('job.completed');
    expect(read('tenant', null)).toBe('acme');
    expect(read('metadata.plan', null)).toBe('vip');
  });

  it('finds nothing below metadata that is not there', () => {
    const input: FilterInput = { ...inputWith(null), metadata: undefined };
    expect(readFilterPath(parseFilterPath('metadata', 'filter'), input)).toBeUndefined();
    expect(readFilterPath(parseFilterPath('metadata.plan', 'filter'), input)).toBeUndefined();
  });

  it('finds every value in random data by its path', () => {
    const visit = (value: JsonValue, path: string, found: [string, JsonValue][]): void => {
      found.push([path, value]);
      if (typeof value !== 'object' || value === null) return;
      for (const [key, member] of Object.entries(value)) {
        if (key !== '') visit(member, `${path}.${escape(key)}`, found);
      }
    };
    const key = fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom('a.b', '\\', '0', '__proto__', 'constructor', 'length', 'toString'),
    );
    const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(value, (data) => {
        const found: [string, JsonValue][] = [];
        visit(data, 'data', found);
        for (const [path, expected] of found) expect(read(path, data)).toBe(expected);
      }),
    );
  });

  it.each([
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '__defineGetter__',
  ])('never sees %s unless the JSON holds it', (name) => {
    const held = JSON.parse(`{"${name}": {"x": 1}}`) as JsonValue;
    for (const data of [{}, [], 'text', 5, true, null]) {
      expect(read(`data.${name}`, data)).toBeUndefined();
      expect(read(`data.${name}.name`, data)).toBeUndefined();
    }
    expect(read(`data.${name}.x`, held)).toBe(1);
    expect({}).not.toHaveProperty('x');
  });

  it.each(['length', '-1', '01', '1.5e0', '4294967296', '9999999999', ' 0', '+0'])(
    'takes %j for no position in an array',
    (name) => {
      expect(read(`data.${escape(name)}`, ['a', 'b'])).toBeUndefined();
    },
  );
});
