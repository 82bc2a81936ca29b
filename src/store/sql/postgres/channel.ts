import { createHash } from 'node:crypto';
import type { TablePlace } from '../schema/schema.ts';

/** What Postgres keeps of the name of a channel. */
const MAX_CHANNEL_LENGTH = 63;

/** The channel of notifications: one for each set of tables; the same in all processes that share them. */
export function channelOf({ prefix, schema }: Pick<TablePlace, 'prefix' | 'schema'>): string {
  const name = `${prefix}${schema ?? ''}`;
  if (name.length <= MAX_CHANNEL_LENGTH) return name;
  return `posthorn_${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}
