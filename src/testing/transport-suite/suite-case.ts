import type { TransportWorld } from './transport-world.ts';

/** One case of the transport suite. */
export interface SuiteCase {
  /** A statement about transports, unique in the suite. */
  readonly name: string;
  run(world: TransportWorld): Promise<void>;
}
