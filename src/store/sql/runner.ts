import type { OperationName, ParamsOf, ResultOf } from './operations.ts';

/** Runs operations: over one connection in this thread, in a worker thread, or over the connections of a pool. Retries what is transient. */
export interface Runner {
  call<N extends OperationName>(name: N, params: ParamsOf<N>): Promise<ResultOf<N>>;
  /** Ends connections and threads that it made itself. Idempotent. */
  close(): Promise<void>;
}
