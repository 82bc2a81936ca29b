/** The pages of docs/reference/ that are made from the doc comments of the sources. */
import { renderErrors } from './reference/errors.ts';
import { renderEvents } from './reference/events.ts';
import { renderOptions } from './reference/options.ts';

export async function generate(): Promise<Map<string, string>> {
  return new Map([
    ['docs/reference/options.md', renderOptions()],
    ['docs/reference/events.md', renderEvents()],
    ['docs/reference/errors.md', renderErrors()],
  ]);
}
