/** A process that emits in a transaction of the application, delivers nothing itself, and is killed around the commit. */
import { describe, expect, it } from 'vitest';
import type { LastEmit } from '../support/die-in-transaction.ts';
import type { DatabaseKind } from '../support/open-store.ts';
import { openApplication } from '../support/outbox-callers.ts';
import { reachable } from '../support/store-places.ts';
import type { WorkerProcess } from '../support/worker-process.ts';
import { createWorkshop, deliveryOf, type Workshop } from '../support/workers.ts';

const TIMEOUT_MS = 60_000;
/** Nothing is found because somebody happens to look. */
const pollIntervalMs = 60_000;

const CALLERS: readonly (readonly [LastEmit['caller'], DatabaseKind])[] = [
  ['libsql', 'sqlite'],
  ['libsql behind promises', 'sqlite'],
  ['pg', 'postgres'],
  ['mysql2', 'mariadb'],
];
const KINDS = reachable('sqlite', 'postgres', 'mariadb');

/** A process that is killed in or after its transaction, and the one that is started then. */
async function killAndRestart(workshop: Workshop, last: LastEmit): Promise<WorkerProcess> {
  const [first] = await workshop.start(['first'], { dispatcher: { deliver: false } });
  await workshop.createEndpoint(first, { events: ['order.*'] });
  await expect(first.call('dieInTransaction', last)).rejects.toThrow('The process first ended.');
  expect(await first.exit).toEqual({ code: null, signal: 'SIGKILL' });
  const [second] = await workshop.start(['second'], { dispatcher: { pollIntervalMs } });
  return second;
}

/** What the application has written. */
async function readOrders({ location }: Workshop, caller: LastEmit['caller']): Promise<readonly string[]> {
  await using application = await openApplication(
    caller === 'libsql' ? 'libsql behind promises' : caller,
    location,
  );
  return await application.orders();
}

describe.each(CALLERS.filter(([, kind]) => KINDS.includes(kind)))(
  'a process that is killed around its transaction of %s',
  (caller, kind) => {
    const last = { caller, type: 'order.paid', id: 'last' } as const;

    it('leaves what was committed to the next one, which delivers it', { timeout: TIMEOUT_MS }, async () => {
      await using workshop = await createWorkshop(kind);
      const { receiver } = workshop;
      const next = await killAndRestart(workshop, { ...last, moment: 'after' });
      await receiver.until(() => receiver.answered.has('last'), 'it is delivered');
      await next.call('drain');
      expect(receiver.arrivals).toEqual([{ id: 'last', sender: 'second' }]);
      expect(await deliveryOf(next, 'last')).toMatchObject({ state: 'succeeded', attempts: 1, rescues: 0 });
      expect(await readOrders(workshop, caller)).toEqual(['last']);
    });

    it('leaves nothing of what was not committed', { timeout: TIMEOUT_MS }, async () => {
      await using workshop = await createWorkshop(kind);
      const { receiver } = workshop;
      const next = await killAndRestart(workshop, { ...last, moment: 'before' });
      const { id } = await next.call<{ id: string }>('emit', 'order.other', {});
      await receiver.until(() => receiver.answered.has(id), 'another event is delivered');
      await next.call('drain');
      expect(receiver.arrivals).toEqual([{ id, sender: 'second' }]);
      await expect(next.call('messages.get', 'last')).rejects.toMatchObject({ code: 'not_found' });
      expect(await readOrders(workshop, caller)).toEqual([]);
    });
  },
);
