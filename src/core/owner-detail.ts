/** Which details the owner of an endpoint may read: they are written for whoever runs the dispatcher. */
import { DISPATCHER_REASONS } from './outcome.ts';

/** Their details may tell an address or a name of the network that the dispatcher is in, or its settings. `blocked` and `token_failed` say what a host resolves to. */
const INTERNAL: ReadonlySet<string> = new Set(['blocked', 'token_failed', ...DISPATCHER_REASONS]);

/**
 * The detail, or `undefined` where it is not for the owner of the endpoint. The reason itself always is.
 *
 * @param reason of the attempt or delivery; `undefined`: it has none
 */
export function detailForOwner(reason: string | undefined, detail: string | undefined): string | undefined {
  return reason !== undefined && INTERNAL.has(reason) ? undefined : detail;
}
