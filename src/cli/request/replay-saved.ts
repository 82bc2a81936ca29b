/** Sends saved requests again, in the order in which they came. */
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describeError } from '../../errors.ts';
import type { Cli } from '../command.ts';
import { CliError, EXIT_CODE, type ExitCode } from '../exit-code.ts';
import { printableLine } from '../output/printable.ts';
import { describeForwarded, excerptOf, isSuccess } from './describe-answer.ts';
import { describeRequest, indent } from './describe-request.ts';
import { createForwarder, type Forwarded, type Forwarder } from './forward-request.ts';
import { identifyMessage } from './identify-message.ts';
import { readRequest } from './read-request.ts';
import type { ReceivedRequest } from './received-request.ts';

export interface ReplaySettings {
  /** A file, or a folder of them. */
  readonly from: string;
  readonly to: string;
  /** Signs it anew. Without it, it is sent as it came. */
  readonly sign: ((request: ReceivedRequest) => ReceivedRequest) | undefined;
}

/** @throws CliError when they cannot be read */
export async function replaySaved(cli: Cli, settings: ReplaySettings): Promise<ExitCode> {
  const { terminal, output } = cli;
  const files = await listFiles(resolve(terminal.folder, settings.from), settings.from);
  // Before anything is sent: one that is no request would end it in the middle.
  for (const file of files) await readRequest(file, terminal);
  const forwarder = await createForwarder(settings.to);
  const stop = (): void => void forwarder.close();
  terminal.signal.addEventListener('abort', stop, { once: true });
  let accepted = 0;
  let isRefused = false;
  try {
    for (const file of files) {
      if (terminal.signal.aborted) break;
      const forwarded = await replayOne(cli, file, forwarder, settings);
      if ('failure' in forwarded) continue;
      if (isSuccess(forwarded.status)) accepted += 1;
      isRefused ||= [400, 401, 403].includes(forwarded.status);
    }
  } finally {
    terminal.signal.removeEventListener('abort', stop);
    await forwarder.close();
  }
  output.entry(
    { event: 'ended', requests: files.length, accepted },
    () => `${accepted} of ${files.length} were accepted.`,
  );
  if (isRefused && settings.sign === undefined)
    output.note(
      'Receivers refuse signatures that are older than a few minutes: --secret signs each request anew.',
    );
  return accepted === files.length ? EXIT_CODE.done : EXIT_CODE.answerIsNo;
}

async function replayOne(
  { terminal, output }: Cli,
  file: string,
  forwarder: Forwarder,
  { sign }: ReplaySettings,
): Promise<Forwarded> {
  const { request } = await readRequest(file, terminal);
  const forwarded = await forwarder.send(sign === undefined ? request : sign(request));
  const identity = identifyMessage(request);
  const bodyBytes = request.body.length;
  const { status, failure, durationMs } = forwarded as Record<string, unknown>;
  output.entry(
    {
      event: 'replayed',
      file,
      event_type: identity.type,
      message_id: identity.id,
      status,
      failure,
      duration_ms: durationMs,
    },
    () => {
      const line = describeRequest({ request, identity, bodyBytes, signature: undefined }, output);
      const code = 'failure' in forwarded ? '' : `${forwarded.status}, `;
      const said = excerptOf(forwarded);
      return `${line}\n${indent(`→ ${code}${describeForwarded(forwarded)}${said === '' ? '' : `\n${said}`}`)}`;
    },
  );
  return forwarded;
}

async function listFiles(path: string, given: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => name.endsWith('.json')).sort();
    if (names.length > 0) return names.map((name) => join(path, name));
  } catch (error) {
    throw new CliError(
      EXIT_CODE.wrongUse,
      `--replay: ${given} cannot be read: ${printableLine(describeError(error))}.`,
      {
        cause: error,
      },
    );
  }
  throw new CliError(
    EXIT_CODE.wrongUse,
    `--replay: ${given} holds no saved requests, whose names end in .json.`,
  );
}
