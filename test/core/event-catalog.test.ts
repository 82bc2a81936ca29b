import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineEvents, type EventDefinitions } from '../../src/core/event-catalog.ts';
import { checkPatterns, unknownEventType } from '../../src/core/known-event-types.ts';
import { OptionsError } from '../../src/errors.ts';
import { resolveOptions } from '../../src/resolve-options.ts';

const any = z.unknown();

describe('defineEvents', () => {
  it('keeps what it was given, whatever becomes of the object', () => {
    const definition = { schema: any, description: 'before' };
    const definitions: Record<string, typeof definition> = { 'job.done': definition };
    const catalog = defineEvents(definitions);
    definition.description = 'after';
    definitions['job.more'] = definition;
    expect(catalog.definitions).toEqual({ 'job.done': { schema: any, description: 'before' } });
    expect(Object.isFrozen(catalog.definitions)).toBe(true);
  });

  it('takes schemas that are functions', () => {
    const schema = Object.assign(() => undefined, { '~standard': any['~standard'] });
    expect(defineEvents({ 'job.done': schema }).definitions['job.done']).toBe(schema);
  });

  it.each<[what: string, definitions: unknown, path: string, message: string]>([
    ['null', null, 'events', 'expected an object from event types to schemas, got null'],
    ['a list', [any], 'events', 'got an array of 1'],
    ['no type', {}, 'events', 'expected at least one event type, got none'],
    ['a bad name', { 'job done': any }, 'events["job done"]', 'expected a dotted name'],
    ['a pattern', { 'job.*': any }, 'events["job.*"]', 'expected a dotted name'],
    [
      'no schema',
      { a: null },
      'events["a"]',
      'expected a Standard Schema (zod, valibot, arktype …), or a definition',
    ],
    ['a text', { a: 'string' }, 'events["a"]', 'got "string" (string)'],
    ['a definition without', { a: {} }, 'events["a"].schema', 'expected a Standard Schema'],
    [
      'an unknown key',
      { a: { schema: any, exmples: [] } },
      'events["a"].exmples',
      'Did you mean "examples"?',
    ],
    [
      'a bad description',
      { a: { schema: any, description: 7 } },
      'events["a"].description',
      'got 7 (number)',
    ],
    ['bad examples', { a: { schema: any, examples: {} } }, 'events["a"].examples', 'a list of examples'],
    ['examples beyond JSON', { a: { schema: any, examples: [1n] } }, 'events["a"].examples', 'a BigInt'],
    ['a bad deprecation', { a: { schema: any, deprecated: null } }, 'events["a"].deprecated', 'got null'],
    [
      'a bad JSON Schema',
      { a: { schema: any, jsonSchema: true } },
      'events["a"].jsonSchema',
      'true (boolean)',
    ],
  ])('refuses %s', (_, definitions, path, message) => {
    const define = (): unknown => defineEvents(definitions as EventDefinitions);
    expect(define).toThrow(OptionsError);
    expect(define).toThrow(message);
    expect(define).toThrow(expect.objectContaining({ path }));
  });
});

describe('the option events', () => {
  it.each([
    ['definitions that are no catalog yet', { 'job.done': any }],
    ['a schema', any],
    ['null', null],
    ['a list of types', ['job.done']],
  ])('refuses %s', (_, events) => {
    expect(() => resolveOptions({ events })).toThrow(
      /^events: expected the event catalog that defineEvents\(\{ … \}\) returns, got /,
    );
  });

  it('checks a catalog that something else made', () => {
    expect(() => resolveOptions({ events: { definitions: { a: 7 } } })).toThrow('events["a"]: expected');
  });
});

describe('unknownEventType', () => {
  it('names the nearest type, and a few when none is near', () => {
    expect(unknownEventType('job.compelted', ['job.completed', 'job.failed']).message).toBe(
      'type: expected an event type of the catalog, got "job.compelted". Did you mean "job.completed"?',
    );
    const types = Array.from({ length: 12 }, (_, index) => `t${index}`);
    expect(unknownEventType('quite.different', types).message).toMatch(/Known are t0, .*, t9, and 2 more\.$/);
  });

  it('shows nothing of what cannot be a type', () => {
    const error = unknownEventType({ secret: 'x' }, ['a']);
    expect(error.message).toMatch(/^type: expected a dotted name .*, got an object\.$/);
  });
});

describe('checkPatterns', () => {
  const types = ['job.completed', 'job.step.failed', 'user.created'];
  const check = (pattern: string): void => checkPatterns([pattern], types, 'endpoint.events', new Set());

  it.each([
    'job.completed',
    '*',
    '**',
    'job.*',
    '*.*',
    'job.**',
    '**.failed',
    'user.created.**',
    'job.*.failed',
  ])('takes %s', (pattern) => {
    expect(() => check(pattern)).not.toThrow();
  });

  it.each([
    ['job.complted', 'job.completed'],
    ['jbo.*', 'job.*'],
    ['jbo.**', 'job.**'],
    ['**.faild', '**.failed'],
    ['job.*.faild', 'job.*.failed'],
    ['*.craeted', '*.created'],
    ['usr.**.created', 'user.**.created'],
  ])('refuses %s and suggests %s', (pattern, suggestion) => {
    expect(() => check(pattern)).toThrow(`got "${pattern}". Did you mean "${suggestion}"?`);
    expect(() => check(pattern)).toThrow(expect.objectContaining({ path: 'endpoint.events[0]' }));
  });

  it('refuses what is far from everything, and takes what is accepted already', () => {
    expect(() => check('*.*.*.*')).toThrow('Known are job.completed, job.step.failed, user.created.');
    expect(() => checkPatterns(['gone.*'], types, 'endpoint.events', new Set(['gone.*']))).not.toThrow();
  });
});
