import { describe, expect, it } from 'vitest';
import { PgListener, type PgListenClient } from '../../../src/store/sql/postgres/pg-listener.ts';
import { until } from '../../support/world.ts';

/** A connection that answers until it is to end; then nobody is there. */
class VanishedClient implements PgListenClient {
  isDestroyed = false;
  isListening = false;
  readonly connection = { stream: { destroy: () => (this.isDestroyed = true) } };

  async connect(): Promise<void> {}

  async query(): Promise<void> {
    this.isListening = true;
  }

  on(): void {}

  end(): Promise<void> {
    return new Promise(() => undefined);
  }
}

describe('PgListener', () => {
  it('closes though the server never answers its goodbye, and leaves no connection behind', async () => {
    const client = new VanishedClient();
    const listener = new PgListener(() => client, { channel: 'posthorn', instance: 'a' });
    listener.listen(() => undefined);
    await until(() => client.isListening, 'it listens');
    await listener.close();
    expect(client.isDestroyed).toBe(true);
  });
});
