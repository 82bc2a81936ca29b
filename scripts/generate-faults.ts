/** The table of faults in the guide to retries, between its markers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './docs/page.ts';
import { renderFaults } from './reference/faults.ts';

const PATH = 'docs/guides/retries-and-failure.md';
const BEGIN =
  '<!-- Generated from src/testing/transport-suite/fault-table.ts by `npm run docs:check -- --write`. -->';
const END = '<!-- End of what is generated. -->';

export async function generate(): Promise<Map<string, string>> {
  const text = readFileSync(join(root, PATH), 'utf8');
  const [before, after] = [text.split(BEGIN)[0], text.split(END)[1]];
  if (before === undefined || after === undefined || before === text)
    throw new Error(`${PATH}: expected the lines ${BEGIN} and ${END}`);
  return new Map([[PATH, `${before}${BEGIN}\n\n${renderFaults()}\n\n${END}${after}`]]);
}
