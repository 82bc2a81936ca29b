import { type CursorKind, decodeCursor } from '../../core/cursor.ts';
import { OptionsError } from '../../errors.ts';
import type { Listable, ListParams, Page, RescheduleParams, RescheduleResult } from '../store.ts';
import type { RescheduleEvent } from './operations/reschedule.ts';
import type { Runner } from './runner.ts';
import { type SeqPage, toPage } from './seq-page.ts';

const CURSOR_KINDS: Readonly<Record<keyof Listable, CursorKind>> = {
  messages: 'm',
  deliveries: 'd',
  attempts: 'a',
};

/** A page of what `of` says. @throws OptionsError for a cursor of something else */
export async function listRecords<K extends keyof Listable>(
  runner: Runner,
  { cursor, ...params }: ListParams<K>,
): Promise<Page<Listable[K]>> {
  const kind = CURSOR_KINDS[params.of];
  const after = decodeCursor(kind, cursor);
  const page = await runner.call('listRecords', { ...params, after });
  return toPage(kind, page as SeqPage<Listable[K]>);
}

/** Moves a batch. @throws OptionsError when the reason of a discard is missing, or for a cursor of something else */
export async function rescheduleBatch(runner: Runner, params: RescheduleParams): Promise<RescheduleResult> {
  const { where, limit, cursor } = params;
  const after = decodeCursor('r', cursor);
  const page = await runner.call('reschedule', { where, limit, after, event: eventOf(params) });
  const { items: deliveries, nextCursor } = toPage('r', page);
  return { count: deliveries.length, deliveries, nextCursor };
}

function eventOf({ to, reason }: RescheduleParams): RescheduleEvent {
  if (to === 'scheduled') return { kind: 'retry_requested' };
  if (reason === undefined)
    throw new OptionsError('reason', "reason: expected a discard reason with to: 'discarded', got undefined");
  return { kind: 'discard_requested', reason };
}
