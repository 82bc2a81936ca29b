/** Where the control socket of a folder is. Every process must come to the same answer, or there would be two locks. */
import { createHash } from 'node:crypto';
import { link, lstat, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Random } from '../../../clock.ts';
import { StoreError } from '../../../errors.ts';
import { makeDurableFolder, makeFolder } from '../make-folder.ts';
import { folderError } from './folder-error.ts';

/** Name of the socket in its folder. Names of temporary sockets are no longer, so what fits once fits always. */
export const SOCKET_NAME = 'control.sock';

/** Beside it, when the folder is too deep: a file with the path of the socket. */
const PATH_FILE_NAME = `${SOCKET_NAME}.path`;

/** What a socket address holds besides the closing zero. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** The place of the control socket of a folder. */
export interface SocketPlace {
  /** The folder that is locked, without symbolic links: two names of one folder are one lock. */
  readonly dir: string;
  /** The folder that holds the socket, and for moments the sockets of those who want to be next. */
  readonly folder: string;
  /** The socket. */
  readonly path: string;
}

/**
 * Finds the place of the control socket of `dir`, which is created if need be (readable by its user alone).
 *
 * It is `<dir>/control.sock`. Where that is longer than a socket address may be, it is a folder of the temporary
 * directory, named by a hash of the real path and private to this user; its path stands in `<dir>/control.sock.path`,
 * so that processes with another `TMPDIR` find it too.
 *
 * @throws StoreError (rejects) when a folder cannot be made, or the private one belongs to somebody else
 */
export async function findSocketPlace(dir: string, random: Random): Promise<SocketPlace> {
  try {
    await makeDurableFolder(dir);
    const real = await realpath(dir);
    const path = join(real, SOCKET_NAME);
    if (fits(path)) return { dir: real, folder: real, path };
    return await findDeepPlace(real, random);
  } catch (error) {
    throw error instanceof StoreError ? error : folderError(dir, error);
  }
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_PATH_BYTES;
}

async function findDeepPlace(dir: string, random: Random): Promise<SocketPlace> {
  const key = createHash('sha256').update(dir).digest('hex').slice(0, 16);
  const file = join(dir, PATH_FILE_NAME);
  let path = await readPath(file);
  if (path === undefined || !isPathOf(path, key)) {
    await writePath(file, ownPath(dir, key), { replace: path !== undefined, random });
    // Somebody may have been faster: what is written there counts.
    path = await readPath(file);
  }
  if (path === undefined || !isPathOf(path, key)) {
    throw new StoreError(
      `Could not agree on a control socket for ${dir}: ${file} keeps changing. Remove it.`,
    );
  }
  const folder = dirname(path);
  await makePrivate(dirname(folder));
  await makePrivate(folder);
  return { dir, folder, path };
}

function ownPath(dir: string, key: string): string {
  const path = join(tmpdir(), `posthorn-${process.getuid?.() ?? 'user'}`, key, SOCKET_NAME);
  if (fits(path)) return path;
  throw new StoreError(
    `Neither ${dir} nor the temporary directory ${tmpdir()} can hold a control socket: their paths are too long ` +
      `(at most ${MAX_PATH_BYTES} bytes). Choose a shorter folder, or set TMPDIR to a shorter one.`,
  );
}

/** A folder that was copied brings the file of the original along: the key says whose it is. */
function isPathOf(path: string, key: string): boolean {
  return basename(path) === SOCKET_NAME && basename(dirname(path)) === key && fits(path);
}

async function readPath(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Writes it whole or not at all; without `replace` the first one wins. */
async function writePath(
  file: string,
  path: string,
  { replace, random }: { replace: boolean; random: Random },
): Promise<void> {
  const draft = `${file}.${Buffer.from(random.bytes(6)).toString('hex')}`;
  await writeFile(draft, `${path}\n`, { flag: 'wx', mode: 0o600 });
  if (replace) return rename(draft, file);
  try {
    await link(draft, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** The temporary directory is everybody's: a folder there is used only if nobody else can reach into it. */
async function makePrivate(folder: string): Promise<void> {
  await makeFolder(folder);
  const stats = await lstat(folder);
  const user = process.getuid?.();
  const isOurs = user === undefined || (stats.uid === user && (stats.mode & 0o077) === 0);
  if (stats.isDirectory() && isOurs) return;
  throw new StoreError(
    `The folder ${folder} is not private to this user, so the control socket cannot be kept there. ` +
      'Remove it, or set TMPDIR to a folder of your own.',
  );
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
