/** Loaded before a program, in each of its threads: says what `synchronous` is on every connection of libsql that is closed, before it is. */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import Libsql from 'libsql';

const STDOUT = 1;
const { close } = Libsql.prototype;

Libsql.prototype.close = function () {
  const [row] = /** @type {{ synchronous: number }[]} */ (this.prepare('pragma synchronous').all());
  writeSync(STDOUT, `${isMainThread ? 'process' : 'thread'}: ${row?.synchronous}\n`);
  return close.call(this);
};
