import type { StoreWorld } from './store-world.ts';

/** One case of the store suite. */
export interface SuiteCase {
  /** A statement about stores, unique in the suite. */
  readonly name: string;
  run(world: StoreWorld): Promise<void>;
}
