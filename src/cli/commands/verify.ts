import { type Cli, defineCommand } from '../command.ts';
import { CliError, EXIT_CODE, type ExitCode } from '../exit-code.ts';
import { durationFlag, headerFlag, timeFlag } from '../flag-values.ts';
import { formatFields } from '../output/format-table.ts';
import { formatSize } from '../output/format-size.ts';
import { formatDuration, formatTime } from '../output/format-time.ts';
import { readBytes } from '../read-bytes.ts';
import { createSignatureCheck } from '../request/check-signature.ts';
import { describeSignature, toSignatureEntry } from '../request/describe-request.ts';
import type { Dump } from '../request/http-dump.ts';
import { identifyMessage, type MessageIdentity } from '../request/identify-message.ts';
import { DEFAULT_TOLERANCE_MS } from '../request/listen-settings.ts';
import { readRequest } from '../request/read-request.ts';
import type { ReceivedRequest } from '../request/received-request.ts';
import {
  addSignatureFlags,
  readScheme,
  readVerifyingKeys,
  type SignatureFlags,
} from '../request/signature-flags.ts';
import type { TimeSettings } from '../request/verifiers.ts';

interface VerifyFlags extends SignatureFlags {
  readonly body?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly at?: number;
  readonly now?: boolean;
  readonly tolerance?: number;
}

export const verify = defineCommand<[file: string | undefined], VerifyFlags>({
  name: 'verify',
  summary: 'Say whether the signature of a saved request fits, and if not, why',
  description:
    'The file is one of listen --save, or text: request line, headers, an empty line, the body. How old it is does not matter, unless --now or --at is given. Exit code 1 when the signature does not fit.',
  examples: [
    'verify ./received/2026-03-01T123005.000Z-001.json --secret whsec_…',
    'verify request.txt --scheme github --secret "a secret"',
    'verify --body body.json --header "webhook-id: msg_1" --header "webhook-timestamp: 1772366400" --header "webhook-signature: v1,…"',
  ],
  standsAlone: true,
  define(command) {
    command.argument('[file]', 'a saved request; - reads what comes in');
    addSignatureFlags(command, 'verify');
    command
      .option('--body <file>', 'a body alone, whose headers are given by --header; - reads what comes in')
      .option('--header <name: value>', 'a header of --body; may be repeated', headerFlag)
      .option('--at <time>', 'check the signed time, too, as of then', timeFlag)
      .option('--now', 'check the signed time, too, as of now')
      .option(
        '--tolerance <duration>',
        'how far the signed time may be away, with --at or --now (default: 5m)',
        durationFlag,
      );
  },
  async run(cli, [file], flags): Promise<ExitCode> {
    const keys = readVerifyingKeys(flags, cli.terminal.env);
    if (keys.length === 0) throw wrongUse('Give what to verify with: --secret or --public-key.');
    const check = createSignatureCheck({ keys, scheme: readScheme(flags, keys) }, readTime(flags));
    const { request, note } = await readGiven(cli, file, flags);
    const verdict = await check(request);
    if (note !== undefined) cli.output.note(note);
    const identity = identifyMessage(request);
    const signedAt = verdict.ok ? verdict.signedAt : undefined;
    cli.output.answer(
      {
        ...toSignatureEntry(verdict),
        age_ms: signedAt === undefined ? undefined : Date.now() - signedAt,
        event_type: identity.type,
        message_id: identity.id,
        body_bytes: request.body.length,
      },
      () => {
        const fields = describe(request, identity, signedAt);
        return `${describeSignature(verdict, request, cli.output)}\n${fields}`;
      },
    );
    return verdict.ok ? EXIT_CODE.done : EXIT_CODE.answerIsNo;
  },
});

function readTime({ at, now, tolerance }: VerifyFlags): TimeSettings {
  if (at !== undefined && now === true) throw wrongUse('--at and --now exclude each other.');
  if (at === undefined && now !== true) {
    if (tolerance !== undefined)
      throw wrongUse('--tolerance goes with --now or --at: otherwise the signed time is not checked.');
    return { toleranceSeconds: Infinity, now: () => Date.now() };
  }
  return { toleranceSeconds: (tolerance ?? DEFAULT_TOLERANCE_MS) / 1000, now: () => at ?? Date.now() };
}

async function readGiven(cli: Cli, file: string | undefined, { body, header }: VerifyFlags): Promise<Dump> {
  const hasFile = file !== undefined;
  if (hasFile === (body !== undefined)) throw wrongUse('Give a saved request, or --body with --header.');
  if (hasFile) {
    if (header !== undefined)
      throw wrongUse('--header goes with --body: a saved request has its headers in it.');
    return readRequest(file, cli.terminal);
  }
  const bytes = await readBytes(body!, cli.terminal);
  return {
    request: {
      method: 'POST',
      path: '/',
      rawHeaders: Object.entries(header ?? {}),
      body: bytes,
      receivedAt: undefined,
    },
    note: undefined,
  };
}

/** @param signedAt of a signature that fits */
function describe(
  request: ReceivedRequest,
  { type, id }: MessageIdentity,
  signedAt: number | undefined,
): string {
  return formatFields([
    ['Event', type],
    ['Message', id],
    ['Body', formatSize(request.body.length)],
    [
      'Signed',
      signedAt === undefined ? undefined : `${formatTime(signedAt)}, ${describeAge(Date.now() - signedAt)}`,
    ],
    ['Received', formatTime(request.receivedAt)],
  ]);
}

function describeAge(ms: number): string {
  return ms < 0 ? `${formatDuration(-ms)} from now` : `${formatDuration(ms)} ago`;
}

function wrongUse(message: string): CliError {
  return new CliError(EXIT_CODE.wrongUse, message);
}
