/** What the suite of stores says of a store that does less, or of a `create` that is wrong. */
import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/index.ts';
import { createStoreSuite } from '../../src/testing/index.ts';
import type { CreateStore } from '../../src/testing/store-suite.ts';

type Body = (...context: readonly unknown[]) => Promise<void> | void;

/** A runner that keeps the cases. */
function collect(create: CreateStore): ReadonlyMap<string, Body> {
  const cases = new Map<string, Body>();
  createStoreSuite(
    { name: 'any', create },
    {
      describe: (_name, body) => body(),
      it: (name, body) => void cases.set(name, body),
      beforeEach: () => undefined,
      afterEach: () => undefined,
    },
  );
  return cases;
}

const CANNOT_RUN = 'stores nothing of a batch that fails';

describe('a store whose create answers with a store alone', () => {
  const cases = collect(() => Promise.resolve({ store: memoryStore() }));

  it('passes a case', async () => {
    await cases.get('stores one delivery per message and endpoint')!();
  });

  it('has a case skipped that needs more, and told why', async () => {
    const reasons: string[] = [];
    await cases.get(CANNOT_RUN)!({ skip: (reason: string) => void reasons.push(reason) });
    expect(reasons).toEqual(['create answers without failNextAppend']);
  });

  it('has it skipped by a runner whose skip throws, as that of vitest', async () => {
    const skip = (reason: string): never => {
      throw new Error(`skipped: ${reason}`);
    };
    await expect(cases.get(CANNOT_RUN)!({ skip })).rejects.toThrow('skipped: create answers without');
  });

  it('has cases that no runner takes for one that calls back', () => {
    for (const body of cases.values()) expect(body).toHaveLength(0);
  });
});

describe('what a case says', () => {
  it('is that create answered without a store', async () => {
    for (const handle of [undefined, { stores: memoryStore() }]) {
      const [body] = collect(() => Promise.resolve(handle as never)).values();
      await expect(body!()).rejects.toThrow(
        /^create: expected a promise of \{ store, close \}, with a store; got /,
      );
    }
  });

  it('is its own error, also when closing fails after it', async () => {
    const store = memoryStore();
    store.append = () => Promise.reject(new Error('append is broken'));
    const close = (): Promise<void> => Promise.reject(new Error('close is broken'));
    const cases = collect(() => Promise.resolve({ store, close }));
    await expect(cases.get('stores one delivery per message and endpoint')!()).rejects.toThrow(
      'append is broken',
    );
  });
});
