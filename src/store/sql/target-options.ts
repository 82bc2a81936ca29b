import { unexpected } from '../../core/expect-value.ts';
import type { Synchronous } from './sqlite/open-sqlite.ts';
import type { SqliteDriverName } from './sqlite/sqlite-driver.ts';

/** Options that only some targets have use for; `undefined`: not given. */
export interface TargetOptions {
  readonly worker?: boolean | undefined;
  readonly synchronous?: Synchronous | undefined;
  readonly driver?: SqliteDriverName | undefined;
  readonly connections?: number | undefined;
  readonly callTimeoutMs?: number | undefined;
}

/** What each of them is for. */
const PURPOSES: Readonly<Record<keyof TargetOptions, string>> = {
  worker: 'it is for SQLite files',
  synchronous: 'it is for SQLite files',
  driver: 'it is for the path of a SQLite file; a database that is given says which driver it has',
  connections: 'it is for a postgres:// or mysql:// URL, of which the store makes a pool',
  callTimeoutMs: 'it is for database servers',
};

/** @throws OptionsError for an option that would be ignored */
export function refuseUnused(options: TargetOptions, used: readonly (keyof TargetOptions)[]): void {
  for (const [name, purpose] of Object.entries(PURPOSES) as [keyof TargetOptions, string][]) {
    if (options[name] !== undefined && !used.includes(name))
      throw unexpected(name, `nothing with this target (${purpose})`, options[name]);
  }
}
