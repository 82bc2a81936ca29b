/**
 * What is heard of a change: `work` (a delivery can, or will, be claimed), `fan_out` (a message waits for matching), `changes` (of
 * endpoints or settings; the table of changes says which).
 */
export type NotificationKind = 'work' | 'fan_out' | 'changes';

/** All kinds: what may have happened while nobody listened. */
export const NOTIFICATION_KINDS: readonly NotificationKind[] = ['work', 'fan_out', 'changes'];

/** `work`, or `work:` and who sends it. */
export function formatNotification(kind: NotificationKind, instance?: string): string {
  return instance === undefined ? kind : `${kind}:${instance}`;
}

/** Who sent what; `undefined` for what nobody here sends. */
export function parseNotification(
  payload: string,
): { readonly kind: NotificationKind; readonly instance: string | undefined } | undefined {
  const [name = '', instance] = payload.split(':', 2);
  const kind = NOTIFICATION_KINDS.find((known) => known === name);
  return kind === undefined ? undefined : { kind, instance };
}
