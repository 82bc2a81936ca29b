import { runAsync } from './run-script.ts';
import type { Script, Statement, StatementResult } from './script.ts';
import type { ScriptRunner } from './script-runner.ts';

/** One connection of a pool, ours until we release it. */
export interface Session {
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

/** Runs scripts on the connections of a pool. */
export class SessionScriptRunner implements ScriptRunner {
  readonly #source: SessionSource;

  constructor(source: SessionSource) {
    this.#source = source;
  }

  async run<T>(isTransaction: boolean, begin: () => Script<T>): Promise<T> {
    const session = await this.#source.acquire();
    let isBroken = true;
    try {
      const result = isTransaction
        ? await runTransaction(session, begin())
        : await runAsync(begin(), (statement) => session.execute(statement));
      isBroken = false;
      return result;
    } catch (error) {
      isBroken = !(await isUsable(session, isTransaction));
      throw error;
    } finally {
      session.release(isBroken);
    }
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

async function runTransaction<T>(session: Session, script: Script<T>): Promise<T> {
  await session.begin();
  const result = await runAsync(script, (statement) => session.execute(statement));
  await session.commit();
  return result;
}

/** Ends what a failed script left open. A connection that cannot even do that is of no use to anybody. */
async function isUsable(session: Session, isTransaction: boolean): Promise<boolean> {
  if (!isTransaction) return true;
  return session.rollback().then(
    () => true,
    () => false,
  );
}
