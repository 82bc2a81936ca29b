/** Stops a process in the work on the files of a journal. Other work of the process goes on, as it does while a disk is slow. */
import { basename } from 'node:path';
import { type FileLayer, nodeFileLayer, type OpenFile } from '../../src/store/file/file-layer.ts';
import { segmentNumber } from '../../src/store/file/journal/segment.ts';
import { forever } from './child-gate.ts';
import type { FilePlace } from './hold.ts';
import { RewriteWatch } from './rewrite-watch.ts';

/** What is watched for, and whom it is told to. */
export interface FileWatch {
  readonly place: FilePlace;
  isArmed(): boolean;
  /** @param file - the file that it is about */
  reach(file: string): void;
}

/** A header is read in so many bytes, and nothing else in so few. */
const HEADER_BYTES = 1024;

/** Watches all that the journal does from now on. */
export function holdFiles(watch: FileWatch): void {
  const plain: FileLayer = { ...nodeFileLayer };
  const rewrites = new RewriteWatch();
  let replayed = 0;
  const hold = async (place: FilePlace, path: string): Promise<void> => {
    if (place !== watch.place || !watch.isArmed()) return;
    watch.reach(basename(path));
    await forever();
  };
  Object.assign(nodeFileLayer, {
    async makeDirectory(path) {
      const first = await plain.makeDirectory(path);
      await hold('folder', path);
      return first;
    },
    async open(path, how) {
      const file = await plain.open(path, how);
      if (basename(path) === 'epoch') await hold('empty-epoch', path);
      if (how === 'create') await hold('empty-segment', path);
      return isSegment(path) ? watchFile(file, path, how === 'create') : file;
    },
    async unlink(path) {
      await hold('before-removal', path);
      await plain.unlink(path);
      await hold('after-removal', path);
    },
  } satisfies Partial<FileLayer>);

  function watchFile(file: OpenFile, path: string, isNew: boolean): OpenFile {
    return {
      write: (bytes, position) => write(file, path, { bytes, position }),
      async read(into, position) {
        const count = await file.read(into, position);
        if (position !== 0 || into.length <= HEADER_BYTES) return count;
        // Only replays and compaction read a segment from its beginning.
        if (!isNew) replayed += 1;
        if (replayed === 1) await hold('replay-first', path);
        if (replayed === 2) await hold('replay-second', path);
        if (watch.isArmed()) rewrites.read(into.subarray(0, count));
        return count;
      },
      dataSync: () => file.dataSync(),
      truncate: (length) => file.truncate(length),
      size: () => file.size(),
      peek: (into, position) => file.peek(into, position),
      isAt: (path) => file.isAt(path),
      close: () => file.close(),
    };
  }

  async function write(
    file: OpenFile,
    path: string,
    { bytes, position }: { bytes: Uint8Array; position: number },
  ): Promise<number> {
    const part = watch.isArmed() ? partOf(bytes, position) : undefined;
    if (part === undefined) return file.write(bytes, position);
    await file.write(bytes.subarray(0, part), position);
    await hold(watch.place, path);
    return part;
  }

  /** How much of a write is to be done before the process stops; `undefined`: it is not the one. */
  function partOf(bytes: Uint8Array, position: number): number | undefined {
    const half = Math.floor(bytes.length / 2);
    switch (watch.place) {
      case 'half-header':
        return position === 0 ? half : undefined;
      case 'header':
        return position === 0 ? bytes.length : undefined;
      case 'half-flush':
        return position === 0 ? undefined : behindMessages(bytes);
      case 'rewrite':
        return position === 0 ? undefined : rewrites.endIn(bytes);
      default:
        return undefined;
    }
  }
}

const LINE_FEED = 10;
/** Bytes of a line that is cut off. */
const CUT_LINE_BYTES = 12;

/** Within the first line behind the messages of a flush, so that their deliveries are missing; `undefined` where it has none. */
function behindMessages(written: Uint8Array): number | undefined {
  const bytes = Buffer.from(written);
  const message = bytes.lastIndexOf('{"message":');
  return message < 0 ? undefined : bytes.indexOf(LINE_FEED, message) + 1 + CUT_LINE_BYTES;
}

function isSegment(path: string): boolean {
  return segmentNumber(basename(path)) !== undefined;
}
