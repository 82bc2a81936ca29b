import { describe, expect, it } from 'vitest';
import { createOutbox } from '../../../src/store/sql/outbox.ts';
import { sqlDatabases } from '../../support/sql-databases.ts';
import { batch, entry } from './fixtures.ts';

describe.each(sqlDatabases())('an outbox statement on $name', ({ create }) => {
  it('pays no heed to idempotency keys when the window has no length', async () => {
    const database = await create();
    const holder = entry([], { idempotencyKey: 'key' });
    await database.call('append', batch([holder]));
    const notification = { channel: 'posthorn_test', payload: 'fan_out' };
    const outbox = createOutbox(database.db, { now: () => database.clock.now(), notification });
    const { message } = entry([], { idempotencyKey: 'key' });
    const { sql, parameters } = outbox.statement({ message, idempotencyWindowMs: 0 });
    await database.run(function* () {
      yield { sql, parameters, isFixed: false };
    });
    expect(await database.call('getMessage', { id: message.id })).toMatchObject({ idempotencyKey: 'key' });
    const again = await database.call('append', batch([entry([], { idempotencyKey: 'key' })]));
    expect(again.entries).toMatchObject([{ kind: 'duplicate', messageId: holder.message.id }]);
    await database.close();
  });
});
