import { runAsync } from './run-script.ts';
import type { Script, Statement, StatementResult } from './script.ts';
import type { Session } from './session.ts';

const NOTHING: StatementResult = { rows: [], changed: 0 };

/**
 * Drives a script on a session, in a transaction or not. Where the session can take several statements at once, it waits only for the answers that
 * the script needs: each wait is a trip to the server, and a turn of a busy event loop.
 *
 * @param late - takes the statements that are to be sent after the commit
 */
export async function runInSession<T>(
  session: Session,
  isTransaction: boolean,
  script: Script<T>,
  late: Statement[],
): Promise<T> {
  const answers = new Answers(session.isPipelined);
  let isCommitSent = false;
  const execute = async (statement: Statement): Promise<StatementResult> => {
    if (statement.isAfterCommit === true) {
      late.push(statement);
      return NOTHING;
    }
    const { isUnanswered = false, isLast = false } = statement;
    if (isUnanswered) {
      await answers.leave(session.execute(statement));
      return NOTHING;
    }
    const answer = session.execute(statement);
    if (!isLast || !isTransaction || !session.isPipelined) return answers.wait(answer);
    // The server makes a rollback of it, when a statement has failed.
    isCommitSent = true;
    const committed = session.commit();
    return answers.wait(answer, committed);
  };
  if (isTransaction) await answers.leave(session.begin());
  const result = await runAsync(script, execute);
  if (isTransaction && !isCommitSent) await answers.wait(session.commit());
  return result;
}

/** Answers that are under way. */
class Answers {
  readonly #isPipelined: boolean;
  readonly #left: Promise<unknown>[] = [];

  constructor(isPipelined: boolean) {
    this.#isPipelined = isPipelined;
  }

  /** Goes on without an answer, where that can be; a failure is that of the next `wait`. */
  async leave(answer: Promise<unknown>): Promise<void> {
    if (!this.#isPipelined) {
      await answer;
      return;
    }
    answer.catch(() => undefined);
    this.#left.push(answer);
  }

  /** Resolves to the first of these answers, when all that are under way are there. Rejects with the first that failed: the others fail because of it. */
  async wait<T>(answer: Promise<T>, ...others: readonly Promise<unknown>[]): Promise<T> {
    await Promise.all([...this.#left.splice(0), answer, ...others]);
    return answer;
  }
}
