/** What the body of a genuine request says: the inverse of the sender's envelopes. */
import { readBinaryEvent, readStructuredEvent } from './cloud-event.ts';
import type { EnvelopeReader } from './contents.ts';
import { membersOf, readJson, readText } from './json-body.ts';
import { refuse } from './refusal.ts';

/** The envelopes of the sender that a receiver can read. */
export type ReceivedEnvelope = 'standard' | 'raw' | 'cloudevents' | 'cloudevents-binary' | 'form' | 'bytes';

/** The readers by name. */
export const ENVELOPE_READERS: Readonly<Record<ReceivedEnvelope, EnvelopeReader>> = {
  /** `{ type, timestamp, data }`, and `id` where the sender has `idInBody`. */
  standard(body) {
    const members = membersOf(readJson(body));
    const { id, type, timestamp, data } = members;
    const at = typeof timestamp === 'string' ? Date.parse(timestamp) : NaN;
    // Strict: what another envelope wrote must not pass for a message without data.
    if (typeof type === 'string' && !Number.isNaN(at) && Object.hasOwn(members, 'data'))
      return { signedId: typeof id === 'string' ? id : undefined, type, timestamp: at, data };
    return refuse(
      'malformed_body',
      "the body is not { type, timestamp, data }: set the option envelope to that of the sender, 'raw' for JSON of any form",
    );
  },
  /** The data as JSON. */
  raw(body) {
    const data = readJson(body);
    return data === undefined ? refuse('malformed_body', 'the body is not JSON') : { data };
  },
  cloudevents: readStructuredEvent,
  'cloudevents-binary': readBinaryEvent,
  /** The fields of a form: a text each, or a list of texts where one comes several times. */
  form(body) {
    const text = readText(body);
    if (text === undefined) return refuse('malformed_body', 'the body is not UTF-8');
    const fields = new Map<string, string[]>();
    for (const [name, value] of new URLSearchParams(text)) {
      const values = fields.get(name);
      if (values === undefined) fields.set(name, [value]);
      else values.push(value);
    }
    const entries = [...fields].map(([name, values]) => [name, values.length > 1 ? values : values[0]]);
    return { data: Object.fromEntries(entries) as Record<string, string | string[]> };
  },
  /** The bytes as they are. */
  bytes: (body) => ({ data: body }),
};
