import { closeSync, existsSync, linkSync, openSync, rmSync } from 'node:fs';
import { createSystemRandom } from '../../../clock.ts';
import { createToken } from '../../../core/id.ts';

/**
 * Makes an empty file that only the user of this process can read, unless there is one of that name: SQLite would make one that everybody can. What
 * it puts beside it, the log of writes among others, gets the same permissions.
 *
 * It is made elsewhere and then linked, so that nothing under its name is ever closed: closing a file undoes all locks that the process has on it.
 */
export function createPrivateFile(path: string): void {
  if (existsSync(path)) return;
  const draft = `${path}.${createToken(createSystemRandom())}`;
  try {
    closeSync(openSync(draft, 'wx', 0o600));
    linkSync(draft, path);
  } catch {
    // Somebody was faster, or the file system has no links: SQLite makes the file, or says why it cannot.
  } finally {
    rmSync(draft, { force: true });
  }
}
