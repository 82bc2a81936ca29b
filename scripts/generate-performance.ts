/** docs/reference/performance.md: from what was measured last, see `npm run bench -- all --write`. */
import { readFileSync } from 'node:fs';
import { renderPage } from '../bench/performance/page.ts';
import { readRecord } from '../bench/performance/record.ts';

const NOTES = new URL('../bench/performance/notes.md', import.meta.url);

export async function generate(): Promise<Map<string, string>> {
  return new Map([['docs/reference/performance.md', renderPage(readRecord(), readFileSync(NOTES, 'utf8'))]]);
}
