import { describe, expect, it } from 'vitest';
import { createReceiver } from '../src/listener/recording-receiver.ts';
import { memoryStore } from '../src/store/memory/memory-store.ts';
import { kyTransport } from '../src/transport/ky-transport.ts';
import { undiciTransport } from '../src/transport/undici-transport.ts';

describe('an option that nobody knows', () => {
  it.each([
    ['memoryStore', () => memoryStore({ maxMesages: 3 } as object), 'maxMessages'],
    ['undiciTransport', () => undiciTransport({ keepAlive: 3 } as object), 'keepAliveMs'],
    ['kyTransport', () => kyTransport({ ftech: fetch } as object), 'fetch'],
  ])('is refused by %s, with the nearest that is known', (_name, create, known) => {
    expect(create).toThrow(known);
  });

  it('is refused by createReceiver', async () => {
    await expect(createReceiver({ prot: 3 } as object)).rejects.toThrow('port');
  });

  it.each(['500', { code: 500 }, { status: '500' }, 42, 600, null, undefined])(
    'is refused as a reply: %j',
    async (reply) => {
      await using receiver = await createReceiver();
      expect(() => receiver.reply(reply as number)).toThrow(/reply/);
      expect(() => receiver.always(reply as number)).toThrow(/reply/);
      expect(() => receiver.on('/a').reply(reply as number)).toThrow(/reply/);
    },
  );
});
