import type { StoreWorld } from './store-world.ts';

/** One case of the store suite. */
export interface SuiteCase {
  /** A statement about stores, unique in the suite. */
  readonly name: string;
  /** Why this store cannot be put to this test; undefined when it can. Such a case is reported as skipped. */
  readonly whyNot?: (world: StoreWorld) => string | undefined;
  run(world: StoreWorld): Promise<void>;
}
