import { join } from 'node:path';
import { EPOCH_FILE, type SegmentRange } from './epoch-file.ts';
import type { JournalOptions } from './journal-options.ts';
import { segmentName } from './segment.ts';
import type { Segments } from './segments.ts';

/**
 * Says which segments are gone that must be there: those that headers name, the first and the last.
 *
 * @param named - numbers of segments that others name as the one before
 * @param range - `undefined` when it is not known: then those before the oldest that is there may have been removed
 */
export function reportMissing(
  segments: Segments,
  named: readonly number[],
  range: SegmentRange | undefined,
  { log, directory }: JournalOptions,
): void {
  if (range === undefined && segments.count > 0) {
    const file = join(directory, EPOCH_FILE);
    log.warn(
      { file },
      `${file} is gone or cannot be read, which says what segments of the journal there are: were one of them gone, too, it might ` +
        'not be missed. If somebody removed files of this folder, restore it from a backup.',
    );
  }
  const expected = new Set([...named, ...limitsOf(range)]);
  const oldest = range?.oldest ?? segments.oldest?.number ?? Infinity;
  for (const number of [...expected].sort((a, b) => a - b)) {
    if (number < oldest || isThere(segments, number, range)) continue;
    const file = join(directory, segmentName(number));
    log.error(
      { file, missing: number },
      `Segment ${number} of the journal is missing, or empty: ${file}. What it said last of its rows is lost; older states ` +
        'of them are used. Restore it from a backup if you have one.',
    );
  }
}

/** The first one and the last one, as far as they are known. */
function limitsOf(range: SegmentRange | undefined): number[] {
  const { oldest, newest } = range ?? {};
  if (oldest !== undefined && newest !== undefined && newest < oldest) return [];
  return [oldest, newest].filter((number) => number !== undefined);
}

/** The last one was named once its first line was written. Of others the next one says where they end. */
function isThere(segments: Segments, number: number, range: SegmentRange | undefined): boolean {
  const segment = segments.get(number);
  return segment !== undefined && (segment.bytes > 0 || number !== range?.newest);
}
