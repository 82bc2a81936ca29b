/** What to look at when a signature does not fit. Guesses are tried out: what is said to fit does fit. */
import { SIGNATURE_SCHEMES } from '../../core/signature-schemes.ts';
import type { ReceivedScheme, Refusal } from '../../receiver/index.ts';
import { headerOf, jsonOf, type ReceivedRequest, textOf } from './received-request.ts';
import { createVerifiers, type SignatureSettings, toHeaders } from './verifiers.ts';

export async function adviseOnRefusal(
  { reason }: Pick<Refusal, 'reason' | 'why'>,
  request: ReceivedRequest,
  settings: SignatureSettings,
): Promise<string> {
  switch (reason) {
    case 'timestamp_too_old':
      return 'Was it held up or saved on the way? Otherwise compare the clocks of sender and receiver. --tolerance allows more.';
    case 'timestamp_too_new':
      return 'Compare the clocks of sender and receiver. --tolerance allows more.';
    case 'duplicate_header':
      return 'Something between sender and receiver adds the header a second time.';
    case 'missing_header':
    case 'malformed_header':
      return (await findScheme(request, settings)) ?? adviseOnHeaders(request, settings);
    case 'signature_mismatch':
      return (await findChange(request, settings)) ?? (await findScheme(request, settings)) ?? MISMATCH;
    default:
      return 'Look at the request with --verbose.';
  }
}

const MISMATCH =
  'Most often the secret is another one: compare it with what posthorn add or rotate-secret printed for this endpoint. If it is the same, ' +
  'something between sender and receiver changes the body: a proxy, a tunnel, or a parser that writes JSON anew.';

/** Does any key of the settings fit? Whenever it was signed. */
async function fits(request: ReceivedRequest, settings: SignatureSettings): Promise<boolean> {
  try {
    const verifiers = createVerifiers(settings, { toleranceSeconds: Infinity, now: () => 0 });
    for (const verify of verifiers) if ((await verify(request.body, toHeaders(request))).ok) return true;
  } catch {
    // The keys are none of this scheme.
  }
  return false;
}

/** Another scheme by which the request is signed, or seems to be. */
async function findScheme(
  request: ReceivedRequest,
  { scheme, keys }: SignatureSettings,
): Promise<string | undefined> {
  const others = Object.entries(SIGNATURE_SCHEMES).filter(
    ([name, { header }]) => name !== scheme.scheme && headerOf(request, header) !== undefined,
  );
  for (const [name] of others)
    if (await fits(request, { scheme: { scheme: name as ReceivedScheme }, keys }))
      return `The signature fits with --scheme ${name}.`;
  const { header: expected } = { ...SIGNATURE_SCHEMES[scheme.scheme]!, ...scheme };
  const [seeming] = others.filter(([, { header }]) => header !== expected.toLowerCase());
  return seeming === undefined
    ? undefined
    : `It has the header ${seeming[1].header}: is it signed by --scheme ${seeming[0]}?`;
}

/** Names that look like those of signatures. */
const SIGNATURE_HEADER = /^[a-z0-9-]*(?:signature|hmac)[a-z0-9-]*$/;

function adviseOnHeaders(request: ReceivedRequest, { scheme }: SignatureSettings): string {
  const signatures = headerOf(request, 'webhook-signature');
  if (signatures?.includes('v1a,') === true && scheme.scheme === 'standard')
    return 'It is signed with ed25519: give the public key of the endpoint with --public-key.';
  if (signatures?.includes('v1,') === true && scheme.scheme === 'standard-ed25519')
    return 'It is signed with a secret: give it with --secret and --scheme standard.';
  const { header: expected } = { ...SIGNATURE_SCHEMES[scheme.scheme]!, ...scheme };
  if (headerOf(request, expected.toLowerCase()) !== undefined)
    return `It has ${expected}, but not all that this scheme needs: another sender, or something on the way that drops or changes headers.`;
  const seeming = request.rawHeaders
    .map(([name]) => name.toLowerCase())
    .find((name) => SIGNATURE_HEADER.test(name));
  return seeming === undefined
    ? 'It is not signed: its endpoint has no secret, or something on the way drops headers.'
    : `It has the header ${seeming}. If that is its signature: --scheme hex --signature-header ${seeming}`;
}

/** Larger bodies are not tried out. */
const MAX_TRIED_BYTES = 1024 * 1024;

/** What was done to the body after it was signed. */
async function findChange(
  request: ReceivedRequest,
  settings: SignatureSettings,
): Promise<string | undefined> {
  const text = request.body.length <= MAX_TRIED_BYTES ? textOf(request.body) : undefined;
  if (text === undefined) return undefined;
  for (const [change, before] of likelyChanges(text, jsonOf(request.body)))
    if (before !== text && (await fits({ ...request, body: Buffer.from(before) }, settings)))
      return `The body was changed after it was signed: ${change}. The secret is right.`;
  return undefined;
}

/** Changes, and the text that was there before. */
function likelyChanges(text: string, json: unknown): readonly (readonly [change: string, before: string])[] {
  const ends = [
    ['a line end was added', text.replace(/\r?\n$/, '')],
    ['its last line end was removed', `${text}\n`],
    ['its line ends were changed', text.replaceAll('\r\n', '\n')],
    ['its line ends were changed', text.replace(/\r?\n/g, '\r\n')],
    ['a byte order mark was added', text.replace(/^\ufeff/, '')],
  ] as const;
  if (json === undefined) return ends;
  try {
    return [
      ...ends,
      ['its JSON was formatted', JSON.stringify(json)],
      ['its JSON was written anew, without the spaces after commas and colons', spaced(json)],
      ['its JSON was written anew, without line breaks', JSON.stringify(json, undefined, 2)],
    ];
  } catch {
    // Nested more deeply than it can be written.
    return ends;
  }
}

/** As Python and others write JSON. */
function spaced(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`;
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${spaced(member)}`);
  return `{${members.join(', ')}}`;
}
