import { CliError, EXIT_CODE } from '../exit-code.ts';
import { readBytes } from '../read-bytes.ts';
import type { Terminal } from '../terminal.ts';
import { type Dump, parseDump } from './http-dump.ts';
import { parseSavedRequest } from './saved-request.ts';

/** A request in a file, or with `-` in what comes in: as `listen --save` writes it, or as text. @throws CliError */
export async function readRequest(name: string, terminal: Terminal): Promise<Dump> {
  const bytes = await readBytes(name, terminal);
  const saved = parseSavedRequest(bytes.toString('utf8'));
  const dump = saved === undefined ? parseDump(bytes) : { request: saved, note: undefined };
  if (dump !== undefined) return dump;
  throw new CliError(
    EXIT_CODE.wrongUse,
    `${name === '-' ? 'What came in' : name} is no saved request: expected what posthorn listen --save writes, or request line, headers, an ` +
      'empty line and the body. A body alone goes with --body FILE and --header.',
  );
}
