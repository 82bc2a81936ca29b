import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Half a record, as a power cut in the middle of a write leaves it. */
export function tearTail(folder: string): void {
  const journal = join(folder, 'journal');
  const segments = readdirSync(journal).filter((name) => /\d/.test(name));
  const last = segments.sort().at(-1);
  if (last === undefined) throw new Error(`No segment in ${journal}.`);
  appendFileSync(join(journal, last), '0badc0de {"kind":"mess');
}
