/** The options that say which messages or deliveries a command is about. */
import type { Command } from 'commander';
import { listFlag, timeFlag } from './flag-values.ts';

export interface RangeFlags {
  readonly type?: readonly string[];
  readonly since?: number;
  readonly until?: number;
}

export function addRangeFlags(command: Command): void {
  command
    .option('--type <types>', 'only these event types, separated by commas', listFlag)
    .option('--since <time>', 'only since: a time (2026-03-01T12:00:00Z), or how long ago (24h)', timeFlag)
    .option('--until <time>', 'only before', timeFlag);
}

export function toRange({ type, since, until }: RangeFlags): {
  readonly event_type: string[] | undefined;
  readonly since: number | undefined;
  readonly until: number | undefined;
} {
  return { event_type: type === undefined ? undefined : [...type], since, until };
}
