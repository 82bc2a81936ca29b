/** `posthorn listen` as a process, on a port of its own, and what it says. */
import { type DispatcherOptions, WebhookDispatcher } from '../../src/index.ts';
import { createManualClock, type ManualClock } from '../../src/testing/index.ts';
import type { CommandLine, CommandResult } from './command-line.ts';
import type { RunningCommand } from './running-command.ts';

export interface Listening extends AsyncDisposable {
  readonly url: string;
  readonly command: RunningCommand;
  /** What it tells scripts of the requests so far, as soon as there are so many; for `--json`. */
  requests(count: number): Promise<readonly Record<string, unknown>[]>;
  /** Ends it as Ctrl-C does. */
  interrupt(): Promise<CommandResult>;
}

export async function startListening(cli: CommandLine, ...args: readonly string[]): Promise<Listening> {
  const command = cli.start('listen', '--port', '0', ...args);
  const [, url] = await command.printed(/(?:Listening on |"url":")(https?:\/\/[^"\s]+\/)/);
  return {
    url: url!,
    command,
    async requests(count) {
      await command.printed(new RegExp(`(?:^|\\n)\\{"event":"request","number":${count},.*\\n`));
      return command.stdout
        .slice(0, command.stdout.lastIndexOf('\n'))
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ event }) => event === 'request');
    },
    interrupt: () => command.end('SIGINT'),
    [Symbol.asyncDispose]: () => command[Symbol.asyncDispose](),
  };
}

/** A dispatcher whose time is moved, from now on: what it signs is to be fresh. */
export function createSender(
  options: DispatcherOptions = {},
): WebhookDispatcher & { readonly clock: ManualClock } {
  const clock = createManualClock({ startAt: Date.now() });
  const network = { allowPrivate: ['127.0.0.0/8', '::1/128'] };
  return Object.assign(new WebhookDispatcher({ network, clock, ...options }), { clock });
}

export function post(
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers });
}
