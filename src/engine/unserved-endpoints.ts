import { StoreError } from '../errors.ts';
import { type EndpointRuntime, unservedReason } from './endpoint-runtime.ts';
import type { Reporter } from './reporter.ts';

/** Told one by one; of more than these at once only the number. */
const MAX_TOLD = 10;

/**
 * Tells of endpoints that this process cannot serve: nobody may have checked them for it. A file that was edited knows
 * nothing of the settings of a dispatcher, and a dispatcher can be started with others than those that an endpoint was
 * created under.
 *
 * @param runtimes compiled just now
 */
export function reportUnserved(
  runtimes: Iterable<EndpointRuntime>,
  reporter: Pick<Reporter, 'error' | 'warn'>,
): void {
  let count = 0;
  for (const runtime of runtimes) {
    const why = runtime.record.status === 'enabled' ? unservedReason(runtime) : undefined;
    if (why === undefined) continue;
    count += 1;
    if (count <= MAX_TOLD) report(runtime, why.replace(/\.$/, ''), reporter);
  }
  if (count > MAX_TOLD)
    reporter.warn(
      `${count - MAX_TOLD} more endpoints cannot be served here: health() lists them as unservedEndpoints.`,
    );
}

function report(
  { record: { id }, fault, refusal }: EndpointRuntime,
  why: string,
  reporter: Pick<Reporter, 'error' | 'warn'>,
): void {
  const message = `Endpoint ${JSON.stringify(id)} cannot be served here: ${why}.`;
  const isUnusable = refusal !== undefined || (fault !== undefined && fault.reason !== 'unknown_function');
  // Where roles differ, another process has the function.
  if (!isUnusable) return reporter.warn(message);
  const advice = 'What it should get is not sent; repair it, then replay what was discarded or failed.';
  reporter.error(new StoreError(`${message} ${advice}`, { code: 'record_invalid' }), 'serve an endpoint');
}
