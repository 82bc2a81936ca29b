/** The reference of the REST API, made from the OpenAPI document that it serves. */
import { createWebhookApi, type OpenApiDocument } from '../src/http/index.ts';
import { API_ERROR_STATUS } from '../src/http/api-error.ts';
import { WebhookDispatcher } from '../src/index.ts';
import { anchor, cell, code, page, table } from './reference/markdown.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly format?: string;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly schema: Schema;
  }[];
  readonly requestBody?: Content & { readonly required?: boolean };
  readonly responses: Readonly<Record<string, Content & { readonly description: string }>>;
}

interface Document {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export function generate(): Promise<Map<string, string>> {
  const { openApi } = createWebhookApi(new WebhookDispatcher(), { authorize: () => undefined });
  return Promise.resolve(new Map([['docs/reference/rest-api.md', render(plain(openApi))]]));
}

/** As it is served. */
function plain(document: OpenApiDocument): Document {
  return JSON.parse(JSON.stringify(document)) as Document;
}

function render({ tags, paths, components }: Document): string {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
  const parts = tags.flatMap(({ name, description }) => [
    `## ${name}`,
    `${description}.`,
    ...operations
      .filter(({ operation }) => operation.tags.includes(name))
      .flatMap(({ route, operation }) => renderOperation(route, operation)),
  ]);
  return page(
    '# The REST API',
    'Every call of the API that `createWebhookApi` of [`posthorn/http`](api-http.md) makes, with the base path `/api`; ' +
      '[the guide](../guides/rest-api.md) says how to mount it, and what all calls have in common. ' +
      '`GET /api/webhooks/openapi.json` answers with the same as an OpenAPI 3.1 document.',
    ...parts,
    '## Failures',
    table(
      ['`error.code`', 'status'],
      Object.entries(API_ERROR_STATUS).map(([name, status]) => [code(name), String(status)]),
    ),
    '## Schemas',
    ...Object.entries(components.schemas).flatMap(([name, schema]) => [`### ${name}`, renderMembers(schema)]),
  );
}

function renderOperation(route: string, operation: Operation): string[] {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const rows = parameters
    .filter(({ name }) => name !== 'id')
    .map(({ name, in: place, schema, description: text = '' }) => [
      code(name),
      place,
      typeOf(schema),
      cell(text),
    ]);
  const body = requestBody === undefined ? undefined : schemaOf(requestBody);
  const [[status, answer] = []] = Object.entries(responses);
  const data = answer === undefined ? undefined : schemaOf(answer)?.properties?.['data'];
  const lines = [
    ...(body === undefined
      ? []
      : [`Body${requestBody?.required === true ? '' : ' (may be left out)'}: ${typeOf(body)}.`]),
    `Answer: ${status ?? ''}, \`data\`: ${data === undefined ? 'anything' : typeOf(data)}.`,
  ];
  return [
    `### \`${route}\``,
    `${summary}. ${description}`,
    ...(rows.length === 0 ? [] : [table(['name', 'in', 'type', 'meaning'], rows)]),
    lines.join(' '),
  ];
}

function schemaOf({ content = {} }: Content): Schema | undefined {
  return content['application/json']?.schema;
}

function renderMembers({ properties = {}, required = [] }: Schema): string {
  return table(
    ['member', 'type', 'meaning'],
    Object.entries(properties).map(([name, schema]) => [
      code(name) + (required.includes(name) ? '' : ', optional'),
      typeOf(schema),
      cell(
        schema.description ??
          schema.allOf?.find(({ description }) => description !== undefined)?.description ??
          '',
      ),
    ]),
  );
}

/** A type for people, with a link where it has a section. */
function typeOf(schema: Schema): string {
  const { $ref, allOf, anyOf, items, properties, type, enum: words, format } = schema;
  if ($ref !== undefined) {
    const name = $ref.replace(/^.*\//, '');
    return `[${name}](${anchor(name)})`;
  }
  if (allOf !== undefined) return typeOf(allOf[0] ?? {});
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (words !== undefined) return words.map((word) => code(JSON.stringify(word))).join(', ');
  if (items !== undefined) return `list of ${typeOf(items)}`;
  if (properties !== undefined) return `object of ${Object.keys(properties).map(code).join(', ')}`;
  if (type === undefined) return 'any';
  return [type].flat().join(' or ') + (format === undefined ? '' : ` (${format})`);
}
