/**
 * Whose turn it is to match messages: a row of `settings`, with the token of who has it and until when. It is locked before messages are looked at, by
 * claims and by completions: a database whose statements see what was committed before they began then shows to each turn all that the one before has left.
 */
import type { Database, TemplateText } from '../database.ts';
import type { Script } from '../script.ts';

const TURN = 'sql.fan_out';
const NOBODY = '';

const lockRow: TemplateText = ({ names, dialect }) =>
  `select value from ${names.settings} where name = '${TURN}'${dialect.skipLocked}`;

const findRow: TemplateText = ({ names }) => `select name from ${names.settings} where name = '${TURN}'`;

const createRow: TemplateText = ({ names, dialect }) =>
  `insert into ${names.settings} (name, value) values ('${TURN}', '${NOBODY}') ${dialect.onConflict(['name'], {})}`;

const writeRow: TemplateText = ({ names }) =>
  `update ${names.settings} set value = :value where name = '${TURN}'`;

const clearRow: TemplateText = ({ names }) =>
  `update ${names.settings} set value = '${NOBODY}' where name = '${TURN}' and substr(value, 1, :length) = :holder`;

/**
 * True when nobody has the turn; then nobody else takes or ends one until the commit. Waits for nobody: who stands still in the middle of a transaction
 * must not hold connections of others.
 */
export function* lockTurn(db: Database): Script<boolean> {
  let [row] = yield* db.query<{ readonly value: string }>(lockRow, {});
  if (row === undefined && (yield* db.query(findRow, {})).length === 0) {
    yield* db.run(createRow, {});
    [row] = yield* db.query<{ readonly value: string }>(lockRow, {});
  }
  if (row === undefined) return false;
  const until = Number(row.value.slice(row.value.lastIndexOf(' ') + 1));
  return row.value === NOBODY || until <= (yield* db.now());
}

export function* takeTurn(db: Database, lease: string, until: number): Script<void> {
  yield* db.run(writeRow, { value: `${lease} ${until}` });
}

/** Ends it. False when somebody else has had it since, or it was ended. Nobody takes it until the commit. */
export function* endTurn(db: Database, lease: string): Script<boolean> {
  const holder = `${lease} `;
  return (yield* db.run(clearRow, { holder, length: holder.length })) > 0;
}
