import type { JournalLog, JournalOptions } from './journal-options.ts';
import type { Tear } from './torn-write.ts';

/** Bytes of a journal that cannot be read; none where some are missing. */
export interface Damage {
  readonly file: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Says that something was lost, and where: as an error, because only a person can judge it. */
export function reportDamage(log: JournalLog, { file, offset, bytes }: Damage): void {
  const at = `at offset ${offset} of ${file}`;
  const what = bytes.length === 0 ? `bytes ${at} are missing` : `${bytes.length} bytes ${at} cannot be read`;
  log.error(
    { file, offset, length: bytes.length },
    `The journal is damaged: ${what}. What they said of one ` +
      'message, delivery, attempt or lane is lost; everything else is kept. Check the disk.',
  );
}

/** Bytes at the end of a segment. */
export interface Tail {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** Says that a flush was left out that was under way when the process or the machine ended. */
export function reportTear(
  { log, fsync }: Pick<JournalOptions, 'log' | 'fsync'>,
  tear: Tear,
  tail: Tail,
): void {
  const { file, offset, length } = tail;
  log.warn(
    tail,
    `The last ${length} bytes of ${file}, from offset ${offset}, are a flush that was not completed. They are left out: ` +
      WHO_KNOWS[fsync ? tear : 'unsynced'],
  );
}

const NOBODY = 'nothing of it was confirmed to anybody.';

/** Who may have been told that it is stored. */
const WHO_KNOWS = {
  cut: NOBODY,
  header: NOBODY,
  hole: 'there are blocks of zeros in it. Unless it is the disk that lost them, nothing of it was confirmed to anybody.',
  unsynced:
    'nothing of it was confirmed to anybody if the process was killed; if the system crashed, it may have been, because fsync is false.',
} as const;
