import { InvalidArgumentError } from 'commander';
import { defineCommand } from '../command.ts';
import { EXIT_CODE, type ExitCode } from '../exit-code.ts';
import { countFlag, durationFlag, httpUrlFlag, sizeFlag, wholeFlag } from '../flag-values.ts';
import { describeFaults, faultFlag } from '../request/fault-flag.ts';
import { listen as listenHere } from '../request/listen.ts';
import {
  DEFAULT_HOST,
  DEFAULT_PORT,
  expectReplayFlags,
  type ListenFlags,
  readListenSettings,
} from '../request/listen-settings.ts';
import { replaySaved } from '../request/replay-saved.ts';
import { createResigner } from '../request/sign-again.ts';
import { addSignatureFlags, readScheme, readSecrets } from '../request/signature-flags.ts';

export const listen = defineCommand<[], ListenFlags>({
  name: 'listen',
  summary: 'Receive webhooks on this machine, show them, and say whether their signatures fit',
  description:
    'Answers 200 until Ctrl-C ends it. It answers the challenges of endpoints and the handshake of CloudEvents.\nWith --replay it sends what --save has saved, and receives nothing.',
  examples: [
    'listen --secret whsec_…',
    'listen --verbose --save ./received --forward http://localhost:3000/hooks',
    'listen --fail 2 --delay 3s',
    'listen --fault reset_after_request',
    'listen --replay ./received --forward http://localhost:3000/hooks',
  ],
  standsAlone: true,
  define(command) {
    command
      .option('--port <n>', `0 takes any that is free (default: ${DEFAULT_PORT})`, wholeFlag(0, 65_535))
      .option('--host <address>', `where it listens (default: ${DEFAULT_HOST})`, hostFlag);
    addSignatureFlags(command, 'verify');
    command
      .option('--tolerance <duration>', 'how far the signed time may be away (default: 5m)', durationFlag)
      .option('--strict', 'answer 401 when the signature does not fit')
      .option(
        '--status <code>',
        'the status of its answers, or with --fail of those that fail',
        wholeFlag(200, 599),
      )
      .option(
        '--fail <n>',
        'the first requests of each message fail, with 503 or --status',
        countFlag(1_000_000),
      )
      .option('--delay <duration>', 'how long each answer takes: 2s', delayFlag)
      .option('--fault <name>', 'be a broken receiver; the list is below', faultFlag)
      .option('--forward <url>', 'send each request on, and give back the answer', httpUrlFlag)
      .option('--save <folder>', 'write each request into a file, byte for byte')
      .option(
        '--replay <folder|file>',
        'send saved requests to --forward; with --secret they are signed anew',
      )
      .option('--max-body <size>', 'longer bodies are answered 413 (default: 16mb)', sizeFlag)
      .option('--verbose', 'show headers and bodies')
      .addHelpText('after', `\nFaults:\n${describeFaults()}`);
  },
  async run(cli, _args, flags): Promise<ExitCode> {
    const { terminal } = cli;
    if (flags.replay !== undefined) {
      const to = expectReplayFlags(flags);
      const secrets = readSecrets(flags, terminal.env);
      const scheme = readScheme(flags, []);
      const sign = secrets.length === 0 ? undefined : createResigner(scheme, secrets, () => Date.now());
      return replaySaved(cli, { from: flags.replay, to, sign });
    }
    await listenHere(cli, readListenSettings(flags, terminal.env));
    return EXIT_CODE.done;
  },
});

/** Node.js takes an empty one, such as a variable that is not set, for all addresses. */
function hostFlag(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('Expected an address of this machine.');
  return text;
}

/** Longer than any sender waits. */
const MAX_DELAY_MS = 24 * 60 * 60 * 1000;

function delayFlag(text: string): number {
  return Math.min(durationFlag(text), MAX_DELAY_MS);
}
