/** Stops a process after a statement that it is told of, whatever runs it: the drivers are watched, the store is as users have it. */
import Sqlite from 'libsql';
import mysql from 'mysql2/promise';
import pg from 'pg';
import type { SqliteDatabase } from '../../src/store/sql/sqlite/sqlite-connection.ts';
import { forever } from './child-gate.ts';

/** What is watched for, and whom it is told to. */
export interface StatementWatch {
  readonly words: readonly string[];
  isArmed(): boolean;
  reach(): void;
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Watches all connections that are made from now on. */
export function holdStatements(watch: StatementWatch): void {
  replace(pg.Client.prototype, ['query'], (run) => holdAfter(watch, run, 'text'));
  // mysql2 does not say that its classes are there.
  const { PromiseConnection } = mysql as unknown as { PromiseConnection: { prototype: object } };
  replace(PromiseConnection.prototype, ['query', 'execute'], (run) => holdAfter(watch, run, 'sql'));
  const { prototype } = Sqlite as unknown as { prototype: object };
  replace(prototype, ['prepare'], (prepare) => holdPrepared(watch, prepare));
}

function holdAfter(watch: StatementWatch, run: AnyFunction, key: 'text' | 'sql'): AnyFunction {
  return function (...args) {
    const answer = run.apply(this, args);
    const text = (args[0] as Partial<Record<typeof key, string>> | undefined)?.[key];
    if (!isMeant(watch, text) || !(answer instanceof Promise)) return answer;
    return answer.then(() => {
      watch.reach();
      return forever();
    });
  };
}

/** SQLite answers at once, so the whole thread stands still. */
function holdPrepared(watch: StatementWatch, prepare: AnyFunction): AnyFunction {
  return function (...args) {
    const statement = prepare.apply(this, args) as ReturnType<SqliteDatabase['prepare']>;
    replace(statement, ['run', 'all'], (run) => {
      return function (...parameters) {
        const answer = run.apply(this, parameters);
        if (isMeant(watch, args[0])) {
          watch.reach();
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
        }
        return answer;
      };
    });
    return statement;
  };
}

function isMeant({ words, isArmed }: StatementWatch, text: unknown): boolean {
  return typeof text === 'string' && isArmed() && words.every((word) => text.includes(word));
}

function replace(target: object, names: readonly string[], wrap: (run: AnyFunction) => AnyFunction): void {
  for (const name of names)
    Object.defineProperty(target, name, {
      value: wrap(Reflect.get(target, name) as AnyFunction),
      configurable: true,
      writable: true,
    });
}
