/** The event catalog: which event types there are, and what their data looks like. */
import { OptionsError } from '../errors.ts';
import { describeValue } from './describe-value.ts';
import { expectKnownKeys, expectObject, unexpected } from './expect-value.ts';
import { serializeJson } from './json.ts';
import { EVENT_TYPE_EXPECTED, isEventType } from './message.ts';
import { isStandardSchema, type SchemaInput, type StandardSchema } from './standard-schema.ts';

/** An event type with its schema and what people should know about it. */
export interface EventDefinition<Schema extends StandardSchema = StandardSchema> {
  /** Any Standard Schema: zod, valibot, arktype and others. It may be asynchronous; `emit` then waits for it. */
  readonly schema: Schema;
  /** What the event means, for people. Default: that of the JSON Schema. */
  readonly description?: string | undefined;
  /** Examples of the data as endpoints receive it. Default: those of the JSON Schema. */
  readonly examples?: readonly unknown[] | undefined;
  /**
   * `true`, or a text that says what to use instead: emitting it logs a warning, once for each type and dispatcher.
   * Default: as the JSON Schema says, else false.
   */
  readonly deprecated?: boolean | string | undefined;
  /** JSON Schema (draft 2020-12) of the data as endpoints receive it. Default: what the schema's library makes of it. */
  readonly jsonSchema?: object | undefined;
}

/** Event types with a schema, or a definition with more about them. */
export type EventDefinitions = Readonly<Record<string, StandardSchema | EventDefinition>>;

/** The data that `emit` takes for a definition. */
type InputOf<Definition> = Definition extends StandardSchema
  ? SchemaInput<Definition>
  : Definition extends EventDefinition<infer Schema>
    ? SchemaInput<Schema>
    : never;

/** Event types with the data that `emit` takes for them. */
type EventsOf<Definitions extends EventDefinitions> = {
  [Type in keyof Definitions & string]: InputOf<Definitions[Type]>;
};

/** Which event types there are, with what is known about each; {@link defineEvents} makes it. */
export interface EventCatalog<Definitions extends EventDefinitions = EventDefinitions> {
  /** As they were given. */
  readonly definitions: Definitions;
}

/** What {@link defineEvents} returns: a catalog that types a dispatcher. */
export interface DefinedEvents<Definitions extends EventDefinitions>
  extends EventCatalog<Definitions>, TypedEvents<EventsOf<Definitions>> {
  readonly definitions: Definitions;
}

/** A catalog by the events that it types. */
export interface TypedEvents<Events extends object> {
  readonly definitions: EventDefinitions;
  /** For type inference only; any catalog fits where nothing is known about the events. */
  readonly '~events'?: string extends keyof Events ? unknown : (events: Events) => Events;
}

/** A catalog whose events are not known to the compiler: it fits every dispatcher, and every catalog fits it. */
export interface UntypedEvents {
  readonly definitions: EventDefinitions;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- nothing else fits in both directions
  readonly '~events'?: any;
}

/** What the option `events` takes. */
export type EventsOption<Events extends object> = string extends keyof Events
  ? UntypedEvents
  : TypedEvents<Events>;

/** The events of a catalog, each with the data that `emit` takes for it: `InferEvents<typeof catalog>`. */
export type InferEvents<Catalog extends EventCatalog> = EventsOf<Catalog['definitions']>;

/** A definition may have no key that means nothing. */
type KnownKeysOnly<Definitions extends EventDefinitions> = {
  [Type in keyof Definitions]: Definitions[Type] extends StandardSchema
    ? unknown
    : Readonly<Record<Exclude<keyof Definitions[Type], keyof EventDefinition>, never>>;
};

const DEFINITION_KEYS = [
  'schema',
  'description',
  'examples',
  'deprecated',
  'jsonSchema',
] as const satisfies readonly (keyof EventDefinition)[];

/**
 * Makes the event catalog: `defineEvents({ 'job.completed': z.object({ jobId: z.string() }) })`. Values are schemas, or
 * definitions with a schema and more about the type. Give it to `new WebhookDispatcher({ events })`.
 *
 * @throws OptionsError naming the definition that is wrong, what was expected and what came
 */
export function defineEvents<Definitions extends EventDefinitions>(
  definitions: Definitions & KnownKeysOnly<Definitions>,
): DefinedEvents<Definitions> {
  checkDefinitions(definitions);
  // A copy: what was checked is what is used.
  const entries = Object.entries(definitions).map(([type, given]) => [
    type,
    isStandardSchema(given) ? given : Object.freeze({ ...(given as EventDefinition) }),
  ]);
  return Object.freeze({ definitions: Object.freeze(Object.fromEntries(entries)) as Definitions });
}

/** The option `events`. @throws OptionsError for what no catalog is */
export function checkCatalog(catalog: unknown): EventCatalog {
  const definitions = (catalog as Partial<EventCatalog> | null | undefined)?.definitions;
  if (typeof catalog !== 'object' || typeof definitions !== 'object' || isStandardSchema(definitions)) {
    throw new OptionsError(
      'events',
      `events: expected the event catalog that defineEvents({ … }) returns, got ${describeValue(catalog)}.`,
    );
  }
  checkDefinitions(definitions);
  return catalog as EventCatalog;
}

/** The definition of a value of {@link EventDefinitions}. */
export function toDefinition(value: StandardSchema | EventDefinition): EventDefinition {
  return isStandardSchema(value) ? { schema: value } : value;
}

/** The event types of a catalog with their definitions, in the order of their names. */
export function listDefinitions({ definitions }: EventCatalog): [type: string, EventDefinition][] {
  return Object.entries(definitions)
    .map(([type, value]): [string, EventDefinition] => [type, toDefinition(value)])
    .sort(([left], [right]) => (left < right ? -1 : 1));
}

function checkDefinitions(definitions: unknown): void {
  const given = expectObject(definitions, 'events', 'an object from event types to schemas');
  const types = Object.keys(given);
  if (types.length === 0)
    throw new OptionsError('events', 'events: expected at least one event type, got none.');
  for (const type of types) {
    const path = `events[${JSON.stringify(type)}]`;
    if (!isEventType(type))
      throw new OptionsError(path, `${path}: expected ${EVENT_TYPE_EXPECTED} as its key.`);
    if (!isStandardSchema(given[type])) checkDefinition(given[type], path);
  }
}

function checkDefinition(value: unknown, path: string): void {
  const expected = 'a Standard Schema (zod, valibot, arktype …)';
  const definition = expectObject(value, path, `${expected}, or a definition with one as its schema`);
  expectKnownKeys(definition, path, DEFINITION_KEYS);
  const { schema, description, examples, deprecated, jsonSchema } = definition;
  if (!isStandardSchema(schema)) throw unexpected(`${path}.schema`, expected, schema);
  if (description !== undefined && typeof description !== 'string')
    throw unexpected(`${path}.description`, 'a text', description);
  if (deprecated !== undefined && typeof deprecated !== 'boolean' && typeof deprecated !== 'string')
    throw unexpected(`${path}.deprecated`, 'a boolean, or a text that says what to use instead', deprecated);
  if (examples !== undefined && !Array.isArray(examples))
    throw unexpected(`${path}.examples`, 'a list of examples of the data', examples);
  if (examples !== undefined) checkJson(examples, `${path}.examples`);
  if (jsonSchema !== undefined) {
    expectObject(jsonSchema, `${path}.jsonSchema`, 'a JSON Schema, which is an object');
    checkJson(jsonSchema, `${path}.jsonSchema`);
  }
}

function checkJson(value: unknown, path: string): void {
  try {
    serializeJson(value, path);
  } catch (cause) {
    throw new OptionsError(path, (cause as Error).message, { cause });
  }
}
