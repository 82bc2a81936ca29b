import { createSystemRandom } from '../../clock.ts';
import { createId, ID_EXPECTED, isId } from '../../core/id.ts';
import { readPublicKey } from '../../core/secret-format.ts';
import { defineCommand } from '../command.ts';
import { CliError, EXIT_CODE } from '../exit-code.ts';
import { httpUrlFlag, timeFlag } from '../flag-values.ts';
import { readBytes } from '../read-bytes.ts';
import { curlLine } from '../request/curl-line.ts';
import { jsonOf } from '../request/received-request.ts';
import { createBodySigner, resolveScheme } from '../request/sign-body.ts';
import {
  addSignatureFlags,
  readScheme,
  readSecrets,
  type SignatureFlags,
} from '../request/signature-flags.ts';

interface SignFlags extends SignatureFlags {
  readonly id?: string;
  readonly timestamp?: number;
  readonly curl?: string;
}

export const sign = defineCommand<[file: string], SignFlags>({
  name: 'sign',
  summary: 'Print the headers that sign a body, as the dispatcher would write them',
  description: 'With --curl the whole command that sends it. The body is signed as it is, byte for byte.',
  examples: [
    'sign body.json --secret whsec_…',
    'sign body.json --secret whsec_… --curl http://localhost:3000/hooks',
    'sign body.json --scheme github --secret "a secret"',
  ],
  standsAlone: true,
  define(command) {
    command.argument('<file>', 'the body; - reads what comes in');
    addSignatureFlags(command, 'sign');
    command
      .option('--id <id>', 'id of the message, for schemes that send one (default: a new one)')
      .option(
        '--timestamp <time>',
        'when it is signed: unix seconds, ISO 8601, or how long ago (default: now)',
        instantFlag,
      )
      .option('--curl <url>', 'print the command that sends it there', httpUrlFlag);
  },
  async run({ terminal, output }, [file], flags) {
    const secrets = readSecrets(flags, terminal.env);
    if (secrets.length === 0) throw wrongUse('Give what to sign with: --secret.');
    const setting = readScheme(flags, []);
    const { idHeader } = resolveScheme(setting);
    const signBody = createBodySigner(setting, secrets);
    if (flags.id !== undefined && idHeader === undefined)
      throw wrongUse(`--id: the scheme ${setting.scheme} sends no id.`);
    if (flags.id !== undefined && !isId(flags.id)) throw wrongUse(`--id: expected ${ID_EXPECTED}.`);
    const body = await readBytes(file, terminal);
    const headers = signBody(body, {
      messageId: flags.id ?? createId('msg_', createSystemRandom()),
      timestampSeconds: Math.floor((flags.timestamp ?? Date.now()) / 1000),
    });
    const contentType = jsonOf(body) === undefined ? 'application/octet-stream' : 'application/json';
    const curl =
      flags.curl === undefined
        ? undefined
        : curlLine(flags.curl, file, [['content-type', contentType], ...headers]);
    output.answer(
      { headers: Object.fromEntries(headers), curl },
      () => curl ?? headers.map(([name, value]) => `${name}: ${value}`).join('\n'),
    );
    if (file === '-' && curl !== undefined) output.note('It reads the same body from its own input.');
    const publicKey = setting.scheme === 'standard-ed25519' ? readPublicKey(secrets[0]!) : undefined;
    if (publicKey !== undefined) output.note(`Receivers verify it with ${publicKey}`);
  },
});

function instantFlag(text: string): number {
  return /^[1-9]\d{8,10}$/.test(text) ? Number(text) * 1000 : timeFlag(text);
}

function wrongUse(message: string): CliError {
  return new CliError(EXIT_CODE.wrongUse, message);
}
