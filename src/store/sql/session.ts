import type { Statement, StatementResult } from './script.ts';

/** One connection of a pool, ours until we release it. */
export interface Session {
  /** Several statements may be under way at once; they are answered in their order. */
  readonly isPipelined: boolean;
  execute(statement: Statement): Promise<StatementResult>;
  /** Begins a transaction that sees what others have committed (read committed), whatever the default of the server is. */
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Gives it back; `isBroken` when nobody may use it again. */
  release(isBroken: boolean): void;
}

/** Where sessions come from. */
export interface SessionSource {
  acquire(): Promise<Session>;
  close(): Promise<void>;
}
