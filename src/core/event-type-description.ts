import type { EventDefinition } from './event-catalog.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { toJsonSchema } from './json-schema.ts';

/** What is known about an event type, for people and for documentation. Plain JSON. */
export interface EventTypeDescription<Type extends string = string> {
  /** The event type. */
  readonly type: Type;
  /** What the event means; undefined when nobody has said. */
  readonly description: string | undefined;
  /** Examples of the data as endpoints receive it. Empty when there are none. */
  readonly examples: readonly JsonValue[];
  /** False, true, or what to use instead. */
  readonly deprecated: boolean | string;
  /** JSON Schema (draft 2020-12) of the data as endpoints receive it; undefined where it cannot be expressed. */
  readonly jsonSchema: JsonObject | undefined;
}

/** The definition wins over what its JSON Schema says. */
export function describeEventType(type: string, definition: EventDefinition): EventTypeDescription {
  const jsonSchema =
    definition.jsonSchema === undefined
      ? toJsonSchema(definition.schema)
      : copy(definition.jsonSchema as JsonObject);
  const { description, examples, deprecated } = resolveRoot(jsonSchema ?? {});
  return deepFreeze({
    type,
    description: definition.description ?? (typeof description === 'string' ? description : undefined),
    examples: definition.examples === undefined ? toList(examples) : copy(definition.examples as JsonValue[]),
    deprecated: definition.deprecated ?? deprecated === true,
    jsonSchema,
  });
}

/** zod puts a schema with an id beside the root, which then only refers to it. */
function resolveRoot(jsonSchema: JsonObject): JsonObject {
  const { $ref, $defs } = jsonSchema as { readonly $ref?: JsonValue; readonly $defs?: JsonObject };
  const name =
    typeof $ref === 'string' && $ref.startsWith('#/$defs/') ? $ref.slice('#/$defs/'.length) : undefined;
  const target = name === undefined ? undefined : $defs?.[name];
  return typeof target === 'object' && target !== null && !Array.isArray(target)
    ? { ...(target as JsonObject), ...jsonSchema }
    : jsonSchema;
}

function toList(examples: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(examples) ? (examples as readonly JsonValue[]) : [];
}

function copy<T extends JsonValue>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** It is made once and handed out again and again. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
