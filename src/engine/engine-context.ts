import type { Clock, Random } from '../clock.ts';
import type { Store } from '../store/store.ts';
import type { Activity } from './activity.ts';
import type { Reporter } from './reporter.ts';

/** What every part of the engine works with. */
export interface EngineContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly activity: Activity;
  readonly reporter: Reporter;
  /** This process, to the store. Unique per start: a reused name would let a new process pass for the dead one. */
  readonly owner: string;
  /** Makes a fresh lease token. */
  readonly token: () => string;
  readonly leaseMs: number;
}
