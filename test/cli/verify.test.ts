/** `posthorn verify`: saved requests, and why their signatures do not fit. */
import { describe, expect, it } from 'vitest';
import { createBodySigner } from '../../src/cli/request/sign-body.ts';
import { type CommandLine, createCommandLine } from '../support/command-line.ts';
import { STANDARD_SECRET, TEXT_SECRET } from '../support/request-signing.ts';

const JSON_BODY = '{"type":"job.completed","timestamp":"2026-03-01T12:00:00Z","data":{"n":[1,2]}}';
const SIGNED_SECONDS = 1_772_366_400;
const SIGNED_AT = '2026-03-01T12:00:00Z';
const SECRET = ['--secret', STANDARD_SECRET];
const OTHER = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

type Header = readonly [name: string, value: string];

function signed(body: string, scheme = 'standard', secret = STANDARD_SECRET): readonly Header[] {
  const sign = createBodySigner({ scheme: scheme as never }, [secret]);
  return sign(Buffer.from(body), { messageId: 'msg_1', timestampSeconds: SIGNED_SECONDS });
}

function dump(headers: readonly Header[], body: string, lineEnd = '\r\n'): string {
  const lines = ['POST /hooks HTTP/1.1', ...headers.map(([name, value]) => `${name}: ${value}`), '', ''];
  return lines.join(lineEnd) + body;
}

async function withRequest(content: string): Promise<CommandLine> {
  const cli = await createCommandLine();
  cli.write('request', content);
  return cli;
}

describe('posthorn verify', { timeout: 60_000 }, () => {
  it.each(['\r\n', '\n'])('reads a dump whose lines end in %j, and says how old it is', async (lineEnd) => {
    const cli = await withRequest(dump(signed(JSON_BODY), JSON_BODY, lineEnd));
    const fitting = await cli.run('verify', 'request', ...SECRET);
    expect(fitting).toMatchObject({ code: 0, stderr: '' });
    expect(fitting.stdout).toMatch(
      /^✓ signature fits\nEvent: +job\.completed\nMessage: +msg_1\nBody: +78 bytes\nSigned: +2026-03-01 12:00:00Z, .+ (ago|from now)\n$/,
    );
  });

  it('takes of a dump what HTTP calls its body', async () => {
    const length: Header = ['Content-Length', String(JSON_BODY.length)];
    const edited = await withRequest(dump([length, ...signed(JSON_BODY)], `${JSON_BODY}\n`));
    expect(await edited.run('verify', 'request', ...SECRET)).toMatchObject({ code: 0 });
    const cut = await withRequest(dump([length, ...signed(JSON_BODY)], JSON_BODY.slice(3)));
    const refused = await cut.run('verify', 'request', ...SECRET);
    expect(refused).toMatchObject({
      code: 1,
      stderr: '3 bytes of its body are missing, by its content-length.\n',
    });
    const formatted = JSON.stringify(JSON.parse(JSON_BODY), undefined, 2);
    const written = await withRequest(dump([length, ...signed(JSON_BODY)], `${formatted}\n`));
    const changed = await written.run('verify', 'request', ...SECRET);
    expect(changed).toMatchObject({
      code: 1,
      stderr: `Its body has ${formatted.length + 1 - JSON_BODY.length} bytes more, by its content-length.\n`,
    });
    expect(changed.stdout).toMatch(/The body was changed after it was signed: .*The secret is right\./);
    const chunks = `${JSON_BODY.length.toString(16)}\r\n${JSON_BODY}\r\n0\r\n\r\n`;
    for (const body of [chunks, JSON_BODY]) {
      const chunked = await withRequest(dump([['transfer-encoding', 'chunked'], ...signed(JSON_BODY)], body));
      expect(await chunked.run('verify', 'request', ...SECRET)).toMatchObject({ code: 0 });
    }
  });

  it('reads headers alone, and what comes in', async () => {
    const text = dump(signed(JSON_BODY), JSON_BODY).replace('POST /hooks HTTP/1.1\r\n', '');
    const cli = (await createCommandLine()).withInput(text);
    expect(await cli.json(['verify', '-', ...SECRET])).toMatchObject({
      ok: true,
      signed_at: SIGNED_SECONDS * 1000,
      message_id: 'msg_1',
      event_type: 'job.completed',
    });
  });

  it('says which key of a rotation it was', async () => {
    const cli = await withRequest(dump(signed(JSON_BODY), JSON_BODY));
    const fitting = await cli.run('verify', 'request', '--secret', OTHER, ...SECRET);
    expect(fitting.stdout).toMatch(/^✓ signature fits, by key number 2\n/);
  });

  it('checks the time only when it is told to', async () => {
    const cli = await withRequest(dump(signed(JSON_BODY), JSON_BODY));
    const at = async (time: string, ...more: readonly string[]): Promise<string> =>
      (await cli.run('verify', 'request', ...SECRET, '--at', time, ...more)).stdout;
    expect(await at('2026-03-01T12:04:00Z')).toMatch(/^✓/);
    expect(await at('2026-03-01T12:06:00Z')).toMatch(
      /^✗ signature: timestamp_too_old: it was signed 360 s ago, and 300 s are allowed\n +Was it held up/,
    );
    expect(await at('2026-03-01T12:06:00Z', '--tolerance', '10m')).toMatch(/^✓/);
    expect(await at('2026-03-01T11:50:00Z')).toMatch(
      /^✗ signature: timestamp_too_new: .*\n +Compare the clocks/,
    );
    expect((await cli.run('verify', 'request', ...SECRET, '--now', '--tolerance', '1ms')).code).toBe(1);
  });

  const [id, time, signature] = signed(JSON_BODY) as [Header, Header, Header];
  it.each<[what: string, request: string, flags: readonly string[], says: RegExp]>([
    [
      'another secret',
      dump([id, time, signature], JSON_BODY),
      ['--secret', OTHER],
      /signature_mismatch: .*\n +Most often the secret is another one/,
    ],
    [
      'JSON that was formatted',
      dump([id, time, signature], JSON.stringify(JSON.parse(JSON_BODY), undefined, 4)),
      SECRET,
      /signature_mismatch: .*\n +The body was changed after it was signed: its JSON was formatted\. The secret is right\./,
    ],
    [
      'JSON that lost its spaces',
      dump(signed('{"a": [1, 2]}'), '{"a":[1,2]}'),
      SECRET,
      /without the spaces after commas and colons/,
    ],
    [
      'a line end that was added',
      dump([id, time, signature], `${JSON_BODY}\n`),
      SECRET,
      /a line end was added/,
    ],
    ['a line end that was lost', dump(signed('text\n'), 'text'), SECRET, /its last line end was removed/],
    ['line ends that were changed', dump(signed('a\nb'), 'a\r\nb'), SECRET, /its line ends were changed/],
    [
      'another scheme under the same header',
      dump(signed(JSON_BODY, 'timestamped-hex', TEXT_SECRET), JSON_BODY),
      ['--scheme', 'hex', '--secret', TEXT_SECRET],
      /signature_mismatch: .*\n +The signature fits with --scheme timestamped-hex\./,
    ],
    [
      'another scheme',
      dump(signed(JSON_BODY, 'github', TEXT_SECRET), JSON_BODY),
      ['--scheme', 'stripe', '--secret', TEXT_SECRET],
      /missing_header: .*\n +The signature fits with --scheme github\./,
    ],
    [
      'another scheme and another secret',
      dump(signed(JSON_BODY, 'github', TEXT_SECRET), JSON_BODY),
      SECRET,
      /missing_header: .*\n +It has the header x-hub-signature-256: is it signed by --scheme github\?/,
    ],
    [
      'a header of a stranger',
      dump([['X-Acme-Signature', 'ab']], JSON_BODY),
      SECRET,
      /If that is its signature: --scheme hex --signature-header x-acme-signature/,
    ],
    [
      'no signature',
      dump([['host', 'a']], JSON_BODY),
      SECRET,
      /missing_header: .*\n +It is not signed: its endpoint has no secret/,
    ],
    [
      'a time that got lost',
      dump([id, signature], JSON_BODY),
      SECRET,
      /missing_header: the header webhook-timestamp is missing\n +It has webhook-signature, but not all that this scheme needs/,
    ],
    [
      'a public key that is needed',
      dump([id, time, ['webhook-signature', 'v1a,AAAA']], JSON_BODY),
      SECRET,
      /malformed_header: .*\n +It is signed with ed25519: give the public key/,
    ],
    [
      'a header that came twice',
      dump([id, time, signature, signature], JSON_BODY),
      SECRET,
      /duplicate_header: .*\n +Something between sender and receiver adds the header/,
    ],
  ])('says what is wrong: %s', async (_what, request, flags, says) => {
    const cli = await withRequest(request);
    const refused = await cli.run('verify', 'request', ...flags);
    expect(refused.stdout).toMatch(says);
    expect(refused).toMatchObject({ code: 1, stderr: '' });
  });

  it('tells scripts why', async () => {
    const cli = await withRequest(dump([id, time, signature], JSON_BODY));
    expect(await cli.json(['verify', 'request', '--secret', OTHER], 1)).toMatchObject({
      ok: false,
      reason: 'signature_mismatch',
      why: expect.stringContaining('webhook-signature'),
      advice: expect.stringContaining('secret'),
    });
  });

  it.each<[args: readonly string[], message: RegExp]>([
    [['request'], /Give what to verify with: --secret or --public-key\./],
    [[...SECRET], /Give a saved request, or --body with --header\./],
    [['request', ...SECRET, '--body', 'request'], /Give a saved request, or --body/],
    [['request', ...SECRET, '--header', 'a: b'], /--header goes with --body/],
    [['request', ...SECRET, '--public-key', 'x'], /--secret and --public-key exclude each other/],
    [['request', ...SECRET, '--at', SIGNED_AT, '--now'], /--at and --now exclude each other/],
    [['request', ...SECRET, '--tolerance', '1m'], /--tolerance goes with --now or --at/],
    [['request', '--public-key', 'x'], /--public-key: expected an ed25519 public key/],
    [
      ['request', '--secret', 'x', '--scheme', 'standard-ed25519'],
      /--secret: the scheme standard-ed25519 is verified with the public key/,
    ],
    [['none', ...SECRET], /none cannot be read/],
    [['nonsense', ...SECRET], /nonsense is no saved request: expected what posthorn listen --save writes/],
  ])('refuses %j', async (args, message) => {
    const cli = await withRequest(dump(signed(JSON_BODY), JSON_BODY));
    cli.write('nonsense', '{"a":1}\n');
    const refused = await cli.run('verify', ...args);
    expect(refused.stderr).toMatch(message);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
  });
});
