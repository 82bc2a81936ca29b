/** What `pause` and `stop` may be told. */
import { z } from 'zod';
import { WHILE_PAUSED, type WhilePaused } from './core/switch-state.ts';

export const stopSchema = z.strictObject({
  timeoutMs: z.union([z.number().min(0), z.literal(Infinity)]).optional(),
});

export const pauseSchema = z.strictObject({ whilePaused: z.enum(WHILE_PAUSED).optional() });

/** Options of `pause`. */
export interface PauseOptions {
  /** What becomes of messages emitted meanwhile. `hold` (default): they wait. `discard`: their deliveries are `discarded`. */
  whilePaused?: WhilePaused | undefined;
}

/** Options of `stop`. */
export interface StopOptions {
  /**
   * How long to wait for attempts in flight before they are called off; their deliveries go back to the store, without
   * the attempt being counted. Default 10000. 0: at once. `Infinity`: as long as they take.
   */
  timeoutMs?: number | undefined;
}
