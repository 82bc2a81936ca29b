/** A request for people, and for scripts. Whatever it holds, it does nothing to a terminal. */
import { formatJson } from '../output/format-json.ts';
import { formatSize } from '../output/format-size.ts';
import { formatDuration } from '../output/format-time.ts';
import type { Output } from '../output/output.ts';
import { printable, printableLine } from '../output/printable.ts';
import type { SignatureVerdict } from './check-signature.ts';
import type { MessageIdentity } from './identify-message.ts';
import { jsonOf, type ReceivedRequest, textOf } from './received-request.ts';

/** A request and what is known about it. */
export interface SeenRequest {
  readonly request: ReceivedRequest;
  readonly identity: MessageIdentity;
  /** How many bytes its body had; those of the request may be fewer. */
  readonly bodyBytes: number;
  /** `undefined`: not checked. */
  readonly signature: SignatureVerdict | undefined;
}

const MAX_SHOWN_LENGTH = 120;
const MAX_SHOWN_BODY_LENGTH = 64 * 1024;
const MAX_SHOWN_BYTES = 32;
const INDENT = '    ';

/** One line: when, what, how much. */
export function describeRequest({ request, identity, bodyBytes }: SeenRequest, output: Output): string {
  const { receivedAt, method, path } = request;
  return [
    ...(receivedAt === undefined ? [] : [output.tone('dim', new Date(receivedAt).toISOString().slice(11))]),
    `${shorten(method)} ${shorten(path)}`,
    ...(identity.type === undefined ? [] : [output.tone('strong', shorten(identity.type))]),
    ...(identity.id === undefined ? [] : [shorten(identity.id)]),
    formatSize(bodyBytes),
  ].join('  ');
}

/** Whether the signature fits, and if not, why and what to do. */
export function describeSignature(
  verdict: SignatureVerdict,
  { receivedAt }: Pick<ReceivedRequest, 'receivedAt'>,
  output: Output,
): string {
  if (!verdict.ok) {
    const { reason, why, advice } = verdict;
    return [
      `${output.tone('bad', '✗')} signature: ${reason}: ${printableLine(why)}`,
      `  ${printableLine(advice)}`,
    ].join('\n');
  }
  const { key, signedAt } = verdict;
  return [
    `${output.tone('good', '✓')} signature fits`,
    ...(key === 0 ? [] : [`by key number ${key + 1}`]),
    ...(signedAt === undefined || receivedAt === undefined ? [] : [describeAge(receivedAt - signedAt)]),
  ].join(', ');
}

function describeAge(ms: number): string {
  // Times are signed in whole seconds.
  if (Math.abs(ms) < 1000) return 'signed just then';
  return ms > 0
    ? `signed ${formatDuration(ms)} before`
    : `signed ${formatDuration(-ms)} later, by its own clock`;
}

/** Its headers and its body, each line indented. */
export function describeContents({ request, bodyBytes }: SeenRequest): string {
  const headers = request.rawHeaders.map(([name, value]) => printableLine(`${name}: ${value}`));
  const body = bodyBytes === 0 ? [] : ['', ...printable(describeBody(request.body, bodyBytes)).split('\n')];
  return indent([...headers, ...body].join('\n'));
}

function describeBody(body: Buffer, bodyBytes: number): string {
  const text = textOf(body);
  if (text === undefined) {
    const bytes = body.subarray(0, MAX_SHOWN_BYTES).toString('hex');
    return `${formatSize(bodyBytes)} that are no text: ${bytes}${bodyBytes > MAX_SHOWN_BYTES ? '…' : ''}`;
  }
  const isJson = jsonOf(body) !== undefined;
  const shown = isJson ? formatJson(text, MAX_SHOWN_BODY_LENGTH) : text;
  const isCut = shown.length > MAX_SHOWN_BODY_LENGTH || body.length < bodyBytes;
  return `${shown.slice(0, MAX_SHOWN_BODY_LENGTH)}${isCut ? `\n… (${formatSize(bodyBytes)} in all)` : ''}`;
}

export function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, INDENT);
}

function shorten(text: string): string {
  return printableLine(text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text);
}

/** Everything, for scripts. */
export function toEntry({ request, identity, bodyBytes, signature }: SeenRequest): Record<string, unknown> {
  const { receivedAt, method, path, rawHeaders, body } = request;
  const text = textOf(body);
  return {
    received_at: receivedAt,
    method,
    path,
    headers: rawHeaders,
    event_type: identity.type,
    message_id: identity.id,
    body_bytes: bodyBytes,
    ...(text === undefined ? { body_base64: body.toString('base64') } : { body: text }),
    signature: signature === undefined ? undefined : toSignatureEntry(signature),
  };
}

export function toSignatureEntry(verdict: SignatureVerdict): Record<string, unknown> {
  return verdict.ok ? { ok: true, key: verdict.key + 1, signed_at: verdict.signedAt } : { ...verdict };
}
