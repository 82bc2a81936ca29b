/** The fields that a JSON Schema describes, as a flat list for people. */
import type { JsonObject, JsonValue } from './json.ts';

export interface SchemaField {
  /** Dotted path, `[]` for the items of a list: `items[].price`. */
  readonly name: string;
  /** For people: `string (date-time)`, `integer or null`, `object[]`. */
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string | undefined;
}

/** Longer lists help nobody; and a schema may refer to itself in many ways. */
const MAX_FIELDS = 500;
const MAX_DEPTH = 12;
/** Values of an enumeration that are named. */
const MAX_VALUES = 10;

/** The fields in the order of the schema; where the data itself is no object, a field for the data, named `data`. */
export function listFields(jsonSchema: JsonObject): readonly SchemaField[] {
  const walk: Walk = { root: jsonSchema, fields: [], seen: new Set() };
  const variants = variantsOf(jsonSchema, walk);
  const isObject = variants.length > 0 && variants.every(isObjectSchema);
  if (!isObject) {
    const { description } = jsonSchema;
    walk.fields.push({
      name: 'data',
      type: describeType(jsonSchema, walk),
      isRequired: true,
      description: typeof description === 'string' ? description : undefined,
    });
  }
  addChildren(jsonSchema, isObject ? '' : 'data', walk, new Set());
  return walk.fields;
}

interface Walk {
  readonly root: JsonObject;
  readonly fields: SchemaField[];
  /** Names that have a row. */
  readonly seen: Set<string>;
}

function addChildren(schema: JsonObject, path: string, walk: Walk, ancestors: ReadonlySet<JsonObject>): void {
  const variants = variantsOf(schema, walk);
  // A schema inside itself goes on for ever.
  if (ancestors.size >= MAX_DEPTH || variants.some((variant) => ancestors.has(variant))) return;
  const inside = new Set([...ancestors, ...variants]);
  const required = commonNames(variants);
  for (const [key, children] of groupProperties(variants)) {
    const child = children.length === 1 ? children[0]! : { anyOf: children };
    addField(child, path === '' ? key : `${path}.${key}`, required.includes(key), walk, inside);
  }
  for (const variant of variants) {
    const others = toObject(variant['additionalProperties']);
    if (others !== undefined && Object.keys(others).length > 0)
      addField(others, path === '' ? '*' : `${path}.*`, false, walk, inside);
    const items = toObject(variant['items']);
    if (items !== undefined) addChildren(items, `${path}[]`, walk, inside);
    for (const [index, item] of toObjects(variant['prefixItems']).entries())
      addField(item, `${path}[${index}]`, true, walk, inside);
  }
}

/** What each property may be, over all variants that have it. */
function groupProperties(variants: readonly JsonObject[]): Map<string, JsonObject[]> {
  const groups = new Map<string, JsonObject[]>();
  for (const variant of variants) {
    for (const [key, value] of Object.entries(toObject(variant['properties']) ?? {})) {
      const child = toObject(value);
      if (child !== undefined) groups.set(key, [...(groups.get(key) ?? []), child]);
    }
  }
  return groups;
}

function addField(
  schema: JsonObject,
  name: string,
  isRequired: boolean,
  walk: Walk,
  ancestors: ReadonlySet<JsonObject>,
): void {
  if (walk.seen.has(name) || walk.fields.length >= MAX_FIELDS) return;
  walk.seen.add(name);
  const description = schema['description'] ?? resolve(schema, walk)['description'];
  walk.fields.push({
    name,
    type: describeType(schema, walk),
    isRequired,
    description: typeof description === 'string' ? description : undefined,
  });
  addChildren(schema, name, walk, ancestors);
}

/** What a value may be: the branches of `anyOf` and `oneOf`; the parts of `allOf` as if they were written in one. */
function variantsOf(schema: JsonObject, walk: Walk, seen = new Set<JsonObject>()): JsonObject[] {
  const at = resolve(schema, walk);
  // A schema that is a branch of itself, or of several others, says nothing new.
  if (seen.has(at)) return [];
  seen.add(at);
  const branches = [...toObjects(at['anyOf']), ...toObjects(at['oneOf'])];
  if (branches.length > 0)
    return branches
      .flatMap((branch) => variantsOf(branch, walk, seen))
      .filter((branch) => branch['type'] !== 'null');
  const parts = toObjects(at['allOf']);
  return parts.length === 0 ? [at] : [mergeParts([at, ...parts.map((part) => resolve(part, walk))])];
}

function mergeParts(parts: readonly JsonObject[]): JsonObject {
  const properties = Object.assign(
    {},
    ...parts.map((part) => toObject(part['properties']) ?? {}),
  ) as JsonObject;
  const required = parts.flatMap((part) => toNames(part['required']));
  return { ...Object.assign({}, ...[...parts].reverse()), properties, required } as JsonObject;
}

function commonNames(variants: readonly JsonObject[]): readonly string[] {
  const [first, ...rest] = variants.map((variant) => toNames(variant['required']));
  return (first ?? []).filter((name) => rest.every((names) => names.includes(name)));
}

function describeType(
  schema: JsonObject,
  walk: Walk,
  ancestors: ReadonlySet<JsonObject> = new Set(),
): string {
  const at = resolve(schema, walk);
  // A schema inside itself goes on for ever.
  if (ancestors.has(at) || ancestors.size >= MAX_DEPTH) return 'any';
  const inside = new Set([...ancestors, at]);
  if (Object.hasOwn(at, 'const')) return JSON.stringify(at['const']);
  const values = at['enum'];
  if (Array.isArray(values)) {
    const named = (values as readonly JsonValue[]).slice(0, MAX_VALUES).map((value) => JSON.stringify(value));
    return [...named, ...(values.length > MAX_VALUES ? ['…'] : [])].join(' or ');
  }
  const branches = [...toObjects(at['anyOf']), ...toObjects(at['oneOf'])];
  if (branches.length > 0)
    return [...new Set(branches.map((branch) => describeType(branch, walk, inside)))].join(' or ');
  const types = typeof at['type'] === 'string' ? [at['type']] : toNames(at['type']);
  if (types.length === 0) return isObjectSchema(at) || toObjects(at['allOf']).length > 0 ? 'object' : 'any';
  return types.map((type) => describeOne(type, at, walk, inside)).join(' or ');
}

function describeOne(
  type: string,
  schema: JsonObject,
  walk: Walk,
  ancestors: ReadonlySet<JsonObject>,
): string {
  const { format } = schema;
  if (type === 'string' && typeof format === 'string') return `string (${format})`;
  const items = toObject(schema['items']);
  if (type !== 'array' || items === undefined) return type;
  const inner = describeType(items, walk, ancestors);
  return / or (?![^(]*\))/.test(inner) ? `(${inner})[]` : `${inner}[]`;
}

/** Follows `$ref` inside the schema. */
function resolve(schema: JsonObject, { root }: Walk): JsonObject {
  let at = schema;
  for (let steps = 0; steps < MAX_DEPTH; steps += 1) {
    const { $ref } = at;
    if (typeof $ref !== 'string' || !$ref.startsWith('#')) return at;
    const keys = $ref
      .slice(1)
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const target = keys.reduce<JsonValue | undefined>((node, key) => toObject(node)?.[key], root);
    const found = toObject(target);
    if (found === undefined) return at;
    at = found;
  }
  return at;
}

function isObjectSchema(schema: JsonObject): boolean {
  return schema['type'] === 'object' || (schema['type'] === undefined && 'properties' in schema);
}

function toObject(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

function toObjects(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value)
    ? (value as readonly JsonValue[]).map(toObject).filter((item) => item !== undefined)
    : [];
}

function toNames(value: JsonValue | undefined): string[] {
  return Array.isArray(value)
    ? (value as readonly JsonValue[]).filter((item) => typeof item === 'string')
    : [];
}
