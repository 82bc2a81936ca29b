import type { TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { lockChanges, noteChange } from './changes.ts';

const selectSetting: TemplateText = ({ names }) => `select value from ${names.settings} where name = :name`;

const upsertSetting: TemplateText = ({ names, dialect }) =>
  `insert into ${names.settings} (name, value) values (:name, :value)
   ${dialect.onConflict(['name'], { value: ':new(value)' })}`;

const deleteSetting: TemplateText = ({ names }) => `delete from ${names.settings} where name = :name`;

/** What the store itself keeps in the table begins with `sql.`. Keys of callers that begin so, or with the mark itself, are marked. */
const MARK = 'key.';

function nameOf(key: string): string {
  return key.startsWith('sql.') || key.startsWith(MARK) ? MARK + key : key;
}

/** Reads a setting. */
export const getSetting: Operation<{ readonly key: string }, string | undefined> = {
  isTransaction: false,
  *script(db, { key }) {
    const [row] = yield* db.query<{ value: string }>(selectSetting, { name: nameOf(key) });
    return row?.value;
  },
};

/** Writes a setting, or removes it. */
export const putSetting: Operation<{ readonly key: string; readonly value: string | undefined }, undefined> =
  {
    isTransaction: true,
    *script(db, { key, value }) {
      yield* lockChanges(db);
      const name = nameOf(key);
      if (value === undefined) yield* db.run(deleteSetting, { name });
      else yield* db.run(upsertSetting, { name, value });
      yield* noteChange(db, 'setting', key);
      return undefined;
    },
  };
