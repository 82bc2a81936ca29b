/** A process that is stopped in the middle of a transaction of its store, with a lock that another one needs. */
import { describe, expect, it } from 'vitest';
import { reachable } from '../support/store-places.ts';
import { createWorkshop } from '../support/workers.ts';

/** The server undoes what stands still for longer. */
const LIMIT_MS = 5_000;
/** So long the other one waits for a lock. */
const PATIENCE_MS = 20_000;

describe.each(reachable('postgres', 'mariadb'))('a transaction that stands still, on %s', (kind) => {
  it('is undone by the server, and others go on', { timeout: 60_000 }, async () => {
    await using workshop = await createWorkshop(kind);
    const dispatcher = { deliver: false };
    const [still] = await workshop.start(['still'], { dispatcher, store: { callTimeoutMs: LIMIT_MS } });
    const [other] = await workshop.start(['other'], { dispatcher, store: { callTimeoutMs: PATIENCE_MS } });
    const { id } = await workshop.createEndpoint(still);
    await still.call('standStillInTransaction');
    const blocked = still.call('endpoints.pause', id);
    const ended = expect(blocked).rejects.toThrow('The process still ended.');
    await still.says('stands still');
    await other.call('endpoints.pause', id);
    expect(await other.call('endpoints.get', id)).toMatchObject({ paused: true });
    await still.kill();
    await ended;
  });
});
