/** Which of an endpoint's secrets sign at a given time. Lists are in the order of the record, the newest first. */
import type { EndpointRecord, Secret } from './endpoint.ts';

/** Those that have not expired; the same list when that is all of them. */
export function liveSecrets(secrets: readonly Secret[], now: number): readonly Secret[] {
  return secrets.every((secret) => isLive(secret, now))
    ? secrets
    : secrets.filter((secret) => isLive(secret, now));
}

/**
 * Index of the live secret that schemes with room for one signature use: the newest, unless it stands by for an older
 * one. Where all stand by it is the oldest, which receivers have known for longest.
 */
export function leadingIndex(live: readonly Secret[]): number {
  const index = live.findIndex(({ standby }) => standby !== true);
  return index >= 0 ? index : Math.max(0, live.length - 1);
}

/** When the next of them expires, epoch ms; `Infinity` when none does. */
export function nextExpiry(live: readonly Secret[]): number {
  return live.reduce((next, { expiresAt = Infinity }) => Math.min(next, expiresAt), Infinity);
}

/** The record without expired secrets. It never loses its last ones: requests would go out unsigned. */
export function dropExpiredSecrets(record: EndpointRecord, now: number): EndpointRecord {
  const secrets = liveSecrets(record.secrets, now);
  return secrets === record.secrets || secrets.length === 0 ? record : { ...record, secrets };
}

function isLive({ expiresAt }: Secret, now: number): boolean {
  return expiresAt === undefined || now < expiresAt;
}
