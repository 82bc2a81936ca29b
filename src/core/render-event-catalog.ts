/** The event catalog as a page for those who receive the events. */
import { z } from 'zod';
import { checkCatalog, type EventCatalog, listDefinitions } from './event-catalog.ts';
import { describeEventType, type EventTypeDescription } from './event-type-description.ts';
import { listFields } from './json-schema-fields.ts';
import { codeBlock, codeSpan, escapeMarkdown, escapeParagraphs } from './markdown.ts';
import { parseInput } from './parse-input.ts';

/** Options of `renderEventCatalog`. */
export interface RenderOptions {
  /** Heading of the page. Default `'Events'`. */
  title?: string | undefined;
}

const schema = z.strictObject({ title: z.string().optional() });
const DEFAULT_TITLE = 'Events';

/**
 * A page of Markdown about the events of a catalog, for those who receive them: a table of contents, and for each type
 * its description, the fields of its data and its examples. The same catalog gives the same page, so that it can be
 * compared with the one that is published.
 *
 * @throws OptionsError for what no catalog is, and for a wrong option
 */
export function renderEventCatalog(catalog: EventCatalog, options: RenderOptions = {}): string {
  const { title = DEFAULT_TITLE } = parseInput(schema, options, 'options');
  const events = listDefinitions(checkCatalog(catalog)).map(([type, definition]) =>
    describeEventType(type, definition),
  );
  const contents = events.map(renderEntry).join('\n');
  return `${[`# ${escapeMarkdown(title)}`, contents, ...events.map(renderEvent)].join('\n\n')}\n`;
}

function renderEntry({ type, description, deprecated }: EventTypeDescription): string {
  const mark = deprecated === false ? '' : ' (deprecated)';
  // The first paragraph, as a line.
  const line = escapeMarkdown(description?.split(/\n\s*\n/)[0] ?? '');
  return `- [\`${type}\`](#${type})${mark}${line === '' ? '' : `: ${line}`}`;
}

function renderEvent({ type, description, deprecated, examples, jsonSchema }: EventTypeDescription): string {
  const fields = jsonSchema === undefined ? [] : listFields(jsonSchema);
  const rows = fields.map(
    (field) =>
      `| ${codeSpan(field.name)} | ${escapeMarkdown(field.type)} | ${field.isRequired ? 'yes' : 'no'} | ${escapeMarkdown(field.description ?? '')} |`,
  );
  const table = ['| field | type | required | description |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
  return [
    // An anchor of its own: makers of headings' anchors disagree about dots.
    `<a id="${type}"></a>\n\n## \`${type}\``,
    deprecated === false
      ? ''
      : `**Deprecated.** ${escapeMarkdown(deprecated === true ? '' : deprecated)}`.trim(),
    escapeParagraphs(description ?? ''),
    fields.length === 0 ? '' : table,
    ...examples.map((example) => `Example:\n\n${codeBlock(JSON.stringify(example, null, 2), 'json')}`),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}
