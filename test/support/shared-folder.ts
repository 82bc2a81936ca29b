/** A folder that stores of one test share through its control socket. Whoever owns it has the same store in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalStore } from '../../src/store/file/socket/local-store.ts';
import { SharedStore, type SharedStoreOptions } from '../../src/store/file/socket/shared-store.ts';
import type { StoreCall } from '../../src/store/file/socket/store-calls.ts';
import { memoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/store.ts';

/** A call that is held up. */
export interface HeldCall {
  readonly call: string;
  /** Lets the store make it. */
  go(): void;
  /** Lets it fail. */
  fail(error: Error): void;
}

/** What owners were told, and what they did. */
export class SharedFolder {
  readonly dir: string = mkdtempSync(join(tmpdir(), 'posthorn-shared-'));
  /** The data outlives its owners, as a journal would. */
  readonly memory: Store = memoryStore();
  readonly gone: string[] = [];
  readonly present: string[][] = [];
  readonly log: string[] = [];
  epoch = 0;
  /** Calls of these names are held up before the store makes them. */
  readonly holds = new Set<StoreCall>();
  readonly held: HeldCall[] = [];
  readonly #stores: SharedStore[] = [];

  /** One more store on the folder, not opened yet. */
  store(options: Partial<SharedStoreOptions> = {}): SharedStore {
    const store = new SharedStore({
      dir: this.dir,
      name: 'file',
      capabilities: this.memory.capabilities,
      log: (line) => this.log.push(line),
      openLocal: async (params) => {
        await this.memory.open(params);
        return this.local();
      },
      ...options,
    });
    this.#stores.push(store);
    return store;
  }

  /** The local store of the next owner. */
  local(): LocalStore {
    this.epoch += 1;
    return {
      store: this.#holding(),
      epoch: this.epoch,
      onHolderGone: (holder) => void this.gone.push(holder),
      onHoldersKnown: (present) => void this.present.push([...present].sort()),
    };
  }

  /** One more store on the folder, open. */
  async open(options: Partial<SharedStoreOptions> = {}): Promise<SharedStore> {
    const store = this.store(options);
    await store.open({ clock: { now: () => 1_767_225_600_000 } });
    return store;
  }

  /** Closes what is open still, clients first, and removes the folder. */
  async remove(): Promise<void> {
    this.holds.clear();
    for (const { go } of this.held) go();
    for (const store of this.#stores.reverse()) await store.close();
    rmSync(this.dir, { recursive: true });
  }

  #holding(): Store {
    const endpoints = this.#wrap(this.memory.endpoints, 'endpoints.');
    const settings = this.#wrap(this.memory.settings, 'settings.');
    return this.#wrap(this.memory, '', { endpoints, settings });
  }

  /** Holds up the calls that are to be held up. */
  #wrap<T extends object>(target: T, prefix: string, instead: Partial<T> = {}): T {
    return new Proxy(target, {
      get: (_, name: string) => {
        const member: unknown = Reflect.get(instead, name) ?? Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        const call = `${prefix}${name}` as StoreCall;
        return (params: unknown): unknown => {
          const make = (): unknown => Reflect.apply(member, target, [params]);
          if (!this.holds.has(call)) return make();
          return new Promise((resolve, reject) => {
            this.held.push({ call, go: () => resolve(make()), fail: reject });
          });
        };
      },
    });
  }
}
