import { migrationStatements } from '../../src/store/sql/schema/schema.ts';
import type { RoundPlan } from './round.ts';
import type { StoreKind, StoreOrder } from './windows.ts';

/** A place inside the store where the process stops, says so, and is killed. Travels as JSON. */
export type Hold =
  /** After a statement that has all of these words was run, before the next one. */
  { readonly kind: 'statement'; readonly words: readonly string[] } | FileHold;

/** A place in the work on the files of a journal. */
export interface FileHold {
  readonly kind: 'file';
  readonly place: FilePlace;
}

/** Places in a new folder, in their order. */
const NEW_FOLDER = ['folder', 'empty-epoch', 'empty-segment', 'half-header', 'header'] as const;
/** Places while there is a journal to be read. */
const REPLAY = ['replay-first', 'replay-second', 'empty-segment', 'half-header'] as const;
/** Places in the removal of the oldest segment: its rows are being written again; it is about to be removed; it is gone. */
const COMPACTION = ['rewrite', 'before-removal', 'after-removal'] as const;

/** What {@link FileHold} names. */
export type FilePlace =
  (typeof NEW_FOLDER)[number] | (typeof REPLAY)[number] | (typeof COMPACTION)[number] | 'half-flush';

/** Tables in the order in which retention deletes from them. */
const REMOVED = ['attempts', 'deliveries', 'messages'] as const;
/** The fraction of the golden ratio: however many steps are taken, they are spread evenly. */
const STEP = 0.618;

/** Another place for each round of a window that is a span inside the store; `undefined` for the other windows. */
export function chooseHold({ window, number, store }: RoundPlan, order: StoreOrder): Hold | undefined {
  if (window === 'retention') {
    if (store === 'file') return { kind: 'file', place: pick(COMPACTION, number) };
    const words = ['delete', `posthorn_${pick(REMOVED, number)}`, 'removed.value'];
    return { kind: 'statement', words };
  }
  // The first round, so that a quick run has it; otherwise a moment by chance.
  if (window === 'append' && store === 'file' && number % 2 === 0)
    return { kind: 'file', place: 'half-flush' };
  if (window !== 'open') return undefined;
  const turn = Math.floor(number / 2);
  const isReopened = number % 2 === 1;
  // The middle of the list first: that is the one that a quick run takes.
  if (store === 'file') {
    return { kind: 'file', place: isReopened ? pick(REPLAY, turn + 1) : pick(NEW_FOLDER, turn + 3) };
  }
  const statements = migrationStatements(tablePlace(store, order), 0);
  // Not the last one, the note of the version: with it the migration is over.
  const at = Math.floor((statements.length - 1) * ((0.5 + (isReopened ? STEP / 2 : 0) + turn * STEP) % 1));
  return { kind: 'statement', words: [statements[at]!] };
}

function tablePlace(
  store: Exclude<StoreKind, 'file'>,
  { name }: StoreOrder,
): Parameters<typeof migrationStatements>[0] {
  const dialect = store === 'mariadb' ? 'mysql' : store;
  return { dialect, prefix: 'posthorn_', schema: store === 'postgres' ? name : undefined };
}

function pick<T>(places: readonly T[], number: number): T {
  return places[number % places.length]!;
}
