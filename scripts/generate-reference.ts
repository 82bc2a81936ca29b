/** Reference pages that are made from the sources. */
import { type Elsewhere, renderApi } from './reference/api.ts';
import { renderErrors } from './reference/errors.ts';
import { renderEvents } from './reference/events.ts';
import { renderOptions } from './reference/options.ts';
import { renderWireFormats } from './reference/wire-formats.ts';

export async function generate(): Promise<Map<string, string>> {
  const topics = new Map([
    ['docs/reference/options.md', renderOptions()],
    ['docs/reference/events.md', renderEvents()],
    ['docs/reference/errors.md', renderErrors()],
    ['docs/reference/wire-formats.md', renderWireFormats()],
  ]);
  return new Map([...topics, ...renderApi(namesIn(topics))]);
}

/** Names that have a section on a page of their own topic, each with the file of the first such page. */
function namesIn(pages: ReadonlyMap<string, string>): Elsewhere {
  const found = new Map<string, string>();
  for (const [path, text] of pages) {
    for (const [, name = ''] of text.matchAll(/^## (\w+)$/gm))
      if (!found.has(name)) found.set(name, path.replace(/^.*\//, ''));
  }
  return found;
}
