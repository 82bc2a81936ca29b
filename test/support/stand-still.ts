import { MysqlSessions } from '../../src/store/sql/mysql/mysql-sessions.ts';
import { PgSessions } from '../../src/store/sql/postgres/pg-sessions.ts';
import type { Session } from '../../src/store/sql/session.ts';

/** What locks the row of a lane until the end of the transaction. */
const LOCKS_LANES = /^\s*insert into \S*lanes\b/;

/** The whole process stands still within the next transaction of a store that locks a lane, as soon as it has the lock and has said so. */
export function standStillInTransaction(say: () => void): void {
  for (const { prototype } of [PgSessions, MysqlSessions]) {
    const { acquire } = prototype;
    prototype.acquire = async function (this: PgSessions & MysqlSessions) {
      return stopAtLock(await acquire.call(this), say);
    };
  }
}

function stopAtLock(session: Session, say: () => void): Session {
  const execute = session.execute.bind(session);
  session.execute = async (statement) => {
    const answer = await execute(statement);
    if (LOCKS_LANES.test(statement.sql)) {
      say();
      process.kill(process.pid, 'SIGSTOP');
    }
    return answer;
  };
  return session;
}
