import type { JournalLog } from './journal-options.ts';

/** Bytes of a journal that cannot be read. */
export interface Damage {
  readonly file: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Says that something was lost, and where: as an error, because only a person can judge it. */
export function reportDamage(log: JournalLog, { file, offset, bytes }: Damage): void {
  log.error(
    { file, offset, length: bytes.length },
    `The journal is damaged: ${bytes.length} bytes at offset ${offset} of ${file} cannot be read. What they said of one ` +
      'message, delivery, attempt or lane is lost; everything else is kept. Check the disk.',
  );
}
