/** Reads the body of a request of node:http, or takes the raw one that was read before. Types are structural: nothing of Node.js is imported. */
import { type RawBody, toBodyBytes } from './body-bytes.ts';
import { createBodyCollector } from './body-collector.ts';
import { CUT, type Refusal } from './refusal.ts';

/** A stream of Node.js, as far as it is used. */
export interface NodeStream {
  /** True once something of it was read. */
  readonly readableDidRead?: boolean;
  /** True once the connection is gone, or all was read. */
  readonly destroyed?: boolean;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

/**
 * A body of bytes or text that a framework has left beside the stream is taken; otherwise the stream is read, if nobody has.
 *
 * @throws OptionsError when the stream was read and what is left of it is no raw body
 */
export function readNodeBody(
  stream: NodeStream,
  given: unknown,
  maxBytes: number,
): Promise<RawBody | Refusal> {
  if (stream.readableDidRead === true || typeof given === 'string' || ArrayBuffer.isView(given)) {
    const collector = createBodyCollector(maxBytes);
    return Promise.resolve(collector.add(toBodyBytes(given as RawBody)) ?? collector.body());
  }
  return readStream(stream, maxBytes);
}

function readStream(stream: NodeStream, maxBytes: number): Promise<RawBody | Refusal> {
  // Its events have come and gone: nobody would ever settle the promise.
  if (stream.destroyed === true) return Promise.resolve(CUT);
  const collector = createBodyCollector(maxBytes);
  return new Promise((resolve) => {
    const settle = (result: RawBody | Refusal): void => {
      stream.off('data', onData);
      stream.off('end', onEnd);
      stream.off('close', onCut);
      stream.pause();
      resolve(result);
    };
    const onData = (chunk: unknown): void => {
      // Text comes from a stream whose encoding somebody has set.
      const refusal = collector.add(typeof chunk === 'string' ? toBodyBytes(chunk) : (chunk as Uint8Array));
      if (refusal !== undefined) settle(refusal);
    };
    const onEnd = (): void => settle(collector.body());
    const onCut = (): void => settle(CUT);
    stream.on('data', onData);
    stream.on('end', onEnd);
    stream.on('close', onCut);
    // Stays: an error that comes after the answer has nobody else to hear it, and would end the process.
    stream.on('error', onCut);
    stream.resume();
  });
}
