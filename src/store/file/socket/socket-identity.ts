import { lstatSync } from 'node:fs';
import { StoreError } from '../../../errors.ts';

/**
 * Which socket stands at a path: the same text for as long as it is the same socket, another one for each that comes
 * after it, even where the file system uses its inode again. `undefined` when nothing is there.
 *
 * @throws StoreError when something else is there, which nobody may remove but its user
 */
export function socketIdentity(path: string): string | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isSocket()) return `${stats.dev}.${stats.ino}.${stats.mtimeNs}`;
  throw new StoreError(`${path} is in the way of the control socket: it is not a socket. Move it away.`);
}
