import type { Random } from '../../../clock.ts';
import type { FileLayer } from '../file-layer.ts';

/** Where a journal tells of what it met. */
export interface JournalLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a journal needs. */
export interface JournalOptions {
  readonly layer: FileLayer;
  /** The folder of the segments; created when missing. */
  readonly directory: string;
  /** A segment that has reached this size is followed by a new one. */
  readonly segmentBytes: number;
  /** False: nothing waits for the disk; what was written survives the process, but perhaps not the machine. */
  readonly fsync: boolean;
  readonly log: JournalLog;
  /** Tells owners apart that come to the same epoch. */
  readonly random: Random;
}
