/** The event catalog at work: what is emitted is parsed by the schema of its type, and nothing else gets past. */
import { unexpected } from '../core/expect-value.ts';
import { type EventCatalog, type EventDefinition, listDefinitions } from '../core/event-catalog.ts';
import { describeEventType, type EventTypeDescription } from '../core/event-type-description.ts';
import { checkPatterns, unknownEventType } from '../core/known-event-types.ts';
import { schemaFailure } from '../core/schema-failure.ts';
import type { SchemaResult } from '../core/standard-schema.ts';
import { FunctionError, PayloadError } from '../errors.ts';

/** What a schema made of the data. */
export interface ParsedData {
  readonly value: unknown;
}

export interface EventCheckerOptions {
  readonly catalog: EventCatalog;
  /** A line for the log of the host. */
  readonly warn: (message: string) => void;
}

interface KnownType {
  readonly definition: EventDefinition;
  /** It was emitted before, so that whoever should be warned has been. */
  isUsed: boolean;
}

export class EventChecker {
  readonly #types: ReadonlyMap<string, KnownType>;
  readonly #names: readonly string[];
  readonly #warn: (message: string) => void;
  readonly #described = new Map<string, EventTypeDescription>();

  constructor({ catalog, warn }: EventCheckerOptions) {
    const definitions = listDefinitions(catalog);
    this.#types = new Map(definitions.map(([type, definition]) => [type, { definition, isUsed: false }]));
    this.#names = definitions.map(([type]) => type);
    this.#warn = warn;
  }

  /**
   * What the schema makes of the data; a promise only where the schema answers with one.
   *
   * @param isEmitted false when it is only asked about: then nobody is warned
   *
   * @throws OptionsError for a type that is not in the catalog
   * @throws PayloadError for data that does not pass
   * @throws FunctionError for a schema that throws, or answers with something else
   */
  parse(type: string, data: unknown, isEmitted = true): ParsedData | Promise<ParsedData> {
    const known = this.#types.get(type);
    if (known === undefined) throw unknownEventType(type, this.#names);
    if (isEmitted && !known.isUsed) this.#use(type, known);
    let result: SchemaResult<unknown> | Promise<SchemaResult<unknown>>;
    let isLate: boolean;
    try {
      result = known.definition.schema['~standard'].validate(data);
      isLate = typeof (result as { then?: unknown } | null | undefined)?.then === 'function';
    } catch (cause) {
      throw schemaThrew(type, cause);
    }
    if (!isLate) return readResult(type, result as SchemaResult<unknown>, data);
    // Promise.resolve would take a promise as it is, with a `then` that may be its own.
    return new Promise<SchemaResult<unknown>>((resolve) => resolve(result)).then(
      (late) => readResult(type, late, data),
      (cause: unknown) => {
        throw schemaThrew(type, cause);
      },
    );
  }

  /**
   * @param known patterns that need no check, because the endpoint has them already
   * @throws OptionsError for a pattern that covers no type of the catalog
   */
  checkPatterns(patterns: readonly string[], known: readonly string[], path = 'endpoint.events'): void {
    checkPatterns(patterns, this.#names, path, new Set(known));
  }

  /** What is known about the types, in the order of their names. */
  describe(): readonly EventTypeDescription[] {
    return this.#names.map((type) => this.#describe(type, this.#types.get(type)!));
  }

  #use(type: string, known: KnownType): void {
    known.isUsed = true;
    const { deprecated } = this.#describe(type, known);
    if (deprecated === false) return;
    const advice = deprecated === true ? '' : ` ${deprecated}`;
    this.#warn(`the event type ${JSON.stringify(type)} is deprecated, and was emitted.${advice}`);
  }

  #describe(type: string, { definition }: KnownType): EventTypeDescription {
    const description = this.#described.get(type) ?? describeEventType(type, definition);
    this.#described.set(type, description);
    return description;
  }
}

function readResult(type: string, result: SchemaResult<unknown>, data: unknown): ParsedData {
  try {
    if (typeof result !== 'object' || result === null)
      throw unexpected('result', '{ value } or { issues }', result);
    if (result.issues === undefined) return { value: result.value };
    throw schemaFailure(type, result.issues, data);
  } catch (cause) {
    throw cause instanceof PayloadError ? cause : schemaThrew(type, cause);
  }
}

function schemaThrew(type: string, cause: unknown): FunctionError {
  return new FunctionError(`The schema of the event type ${JSON.stringify(type)}`, cause);
}
