import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Evidence } from './evidence.ts';
import type { FilePlace } from './hold.ts';
import { linesOf } from './rewrite-watch.ts';

/** Looks at the files of a journal. @param said - the name of the file that the process is at */
export function findInFolder(folder: string, place: FilePlace, said: string): Evidence {
  const journal = join(folder, 'journal');
  const names = existsSync(journal) ? readdirSync(journal).sort() : [];
  const segments = names.filter((name) => /^\d+\.log$/.test(name));
  const text = (name: string): string =>
    names.includes(name) ? readFileSync(join(journal, name), 'latin1') : '';
  const newest = text(segments.at(-1) ?? '');
  switch (place) {
    case 'folder':
      return { found: 'a folder with nothing in it', isInside: existsSync(journal) && names.length === 0 };
    case 'empty-epoch':
      return {
        found: 'an empty file',
        isInside: names.includes('epoch') && text('epoch') === '' && segments.length === 0,
      };
    case 'empty-segment':
      return { found: 'an empty segment', isInside: said === segments.at(-1) && newest === '' };
    case 'half-header':
      return { found: 'half a header', isInside: newest !== '' && !newest.includes('\n') };
    case 'header':
      return {
        found: 'a header and nothing behind it',
        isInside: newest.indexOf('\n') === newest.length - 1,
      };
    case 'replay-first':
    case 'replay-second':
      return { found: 'a new epoch, no segment of it', isInside: isBetweenOwners(text('epoch'), newest) };
    case 'half-flush':
      return { found: 'half a flush', isInside: !newest.endsWith('\n') };
    case 'rewrite':
      return { found: 'a row in two segments', isInside: hasRowTwice(journal, segments) };
    case 'before-removal':
      return { found: 'the oldest segment, to be removed', isInside: said === segments[0] };
    case 'after-removal':
      return { found: 'the oldest segment removed', isInside: segments.length > 0 && said < segments[0]! };
  }
}

/** The epoch was raised, and nobody has written in it. */
function isBetweenOwners(epoch: string, newest: string): boolean {
  const written = /"epoch":(\d+)/.exec(newest)?.[1];
  return written !== undefined && Number.parseInt(epoch, 10) > Number(written);
}

function hasRowTwice(journal: string, segments: readonly string[]): boolean {
  const read = (name: string): Buffer => readFileSync(join(journal, name));
  const newest = read(segments.at(-1)!);
  return segments.slice(0, -1).some((name) => linesOf(read(name)).some((line) => newest.includes(line)));
}
