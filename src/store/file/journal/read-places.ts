import type { OpenFile } from '../file-layer.ts';
import type { RowPlace } from '../../tables/placed-row.ts';
import { parseLine } from './journal-line.ts';
import type { Segments } from './segments.ts';

/** Bytes between two lines that are rather read than skipped. */
const MAX_GAP_BYTES = 16 * 1024;
/** Most bytes of one read, unless a single line is longer. */
const MAX_READ_BYTES = 1024 * 1024;

/** One read, and the lines it brings: indices into the places asked for. */
interface Span {
  readonly file: OpenFile;
  readonly segment: number;
  readonly start: number;
  end: number;
  readonly indices: number[];
}

/**
 * The lines at some places, in order; `undefined` for one that is damaged, or that the disk cannot read. Neighbours are read together. All reads have begun
 * when it returns, so a segment may be closed then: its file waits for them.
 */
export async function readPlaces(
  segments: Segments,
  places: readonly RowPlace[],
): Promise<readonly (object | undefined)[]> {
  const records = new Array<object | undefined>(places.length).fill(undefined);
  await Promise.all(
    planReads(segments, places).map(async (span) => {
      const bytes = await readSpan(span);
      for (const index of span.indices) {
        const { offset, length } = places[index]!;
        const line = bytes?.subarray(offset - span.start, offset - span.start + length);
        // A disk that cannot read one line may well read its neighbours.
        records[index] =
          line === undefined ? await readLine(span.file, places[index]!) : parseWhole(line, length);
      }
    }),
  );
  return records;
}

/** `undefined` when some of it cannot be read. */
async function readSpan({ file, start, end }: Span): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(end - start);
  try {
    return bytes.subarray(0, await file.read(bytes, start));
  } catch {
    return undefined;
  }
}

async function readLine(file: OpenFile, { offset, length }: RowPlace): Promise<object | undefined> {
  const line = Buffer.allocUnsafe(length);
  try {
    return parseWhole(line.subarray(0, await file.read(line, offset)), length);
  } catch {
    return undefined;
  }
}

function parseWhole(line: Buffer, length: number): object | undefined {
  return line.length === length ? parseLine(line.subarray(0, -1)) : undefined;
}

function planReads(segments: Segments, places: readonly RowPlace[]): Span[] {
  const spans: Span[] = [];
  const order = [...places.keys()].sort((a, b) => comparePlaces(places[a]!, places[b]!));
  for (const index of order) {
    const { segment, offset, length } = places[index]!;
    const last = spans.at(-1);
    const end = offset + length;
    if (last !== undefined && isNear(last, segment, offset, end)) {
      last.end = Math.max(last.end, end);
      last.indices.push(index);
      continue;
    }
    const file = segments.get(segment)?.file;
    if (file !== undefined) spans.push({ file, segment, start: offset, end, indices: [index] });
  }
  return spans;
}

function isNear(span: Span, segment: number, offset: number, end: number): boolean {
  return span.segment === segment && offset - span.end <= MAX_GAP_BYTES && end - span.start <= MAX_READ_BYTES;
}

function comparePlaces(a: RowPlace, b: RowPlace): number {
  return a.segment - b.segment || a.offset - b.offset;
}
