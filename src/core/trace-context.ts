/** W3C Trace Context (https://www.w3.org/TR/trace-context/): which trace a message belongs to. */
import { OptionsError } from '../errors.ts';
import { describeValue } from './describe-value.ts';

/** The trace of a message, as the two headers that carry it. */
export interface TraceContext {
  /** `00-<32 hexadecimal digits>-<16>-<2>`, in lower case. */
  readonly traceparent: string;
  /** Vendor data that goes with it: printable ASCII, at most 512 characters. */
  readonly tracestate?: string | undefined;
}

/** Later versions may have more at the end; version ff and ids of zeros alone are invalid. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]{1,200})?$/;
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/**
 * Checks what a caller gives; `undefined` when there is no trace.
 *
 * @param path where it stands in messages: empty for options of `emit`
 * @throws OptionsError
 */
export function readTraceContext(
  { traceparent, tracestate }: { readonly traceparent?: unknown; readonly tracestate?: unknown },
  path: string,
): TraceContext | undefined {
  if (traceparent === undefined && tracestate === undefined) return undefined;
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent))
    throw wrong(path, 'traceparent', 'a W3C traceparent like "00-<32 hex>-<16 hex>-01"', traceparent);
  if (tracestate === undefined || tracestate === '') return { traceparent };
  if (typeof tracestate !== 'string' || !TRACESTATE.test(tracestate))
    throw wrong(path, 'tracestate', 'at most 512 characters of printable ASCII', tracestate);
  return { traceparent, tracestate };
}

function wrong(path: string, member: string, expected: string, value: unknown): OptionsError {
  const at = path === '' ? member : `${path}.${member}`;
  return new OptionsError(at, `${at}: expected ${expected}, got ${describeValue(value)}`);
}
