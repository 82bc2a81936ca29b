/** What is not everywhere: interpreters of other languages, servers. Looked for by the tests that need it. */
import { spawnSync } from 'node:child_process';

/** With `all`, what is missing is a failure. */
const REQUIRE_VARIABLE = 'POSTHORN_TEST_REQUIRE';
export const REDIS_VARIABLE = 'POSTHORN_TEST_REDIS_URL';

/** Something that may be missing. */
export type Requirement =
  | { readonly found: string; readonly version: string }
  | { readonly found: undefined; readonly missing: string };

/** The first of these programs that can run a script; what it prints is the version. */
export function findInterpreter(programs: readonly string[], args: readonly string[]): Requirement {
  for (const program of programs) {
    const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
    if (status === 0) return { found: program, version: stdout.trim() };
  }
  return { found: undefined, missing: `${programs.join(' and ')} cannot run ${args.join(' ')}` };
}

/** Debian's Flask belongs to Debian's Python, which need not be the first in the path. */
const PYTHONS = ['python3', '/usr/bin/python3'];

export const requirements = {
  python: (): Requirement =>
    findInterpreter(PYTHONS, ['-c', 'import sys, sqlite3; print("Python", sys.version.split()[0])']),
  flask: (): Requirement =>
    findInterpreter(PYTHONS, ['-c', 'import flask, sys; print("Flask on Python", sys.version.split()[0])']),
  /** A Python with Flask, and with all of these modules. */
  flaskWith: (...modules: readonly string[]): Requirement =>
    findInterpreter(PYTHONS, [
      '-c',
      `import flask, ${modules.join(', ')}, sys; print("Flask on Python", sys.version.split()[0])`,
    ]),
  php: (): Requirement => findInterpreter(['php'], ['-r', 'echo "PHP ", PHP_VERSION;']),
  redis: (): Requirement => {
    const url = process.env[REDIS_VARIABLE];
    return url === undefined || url === ''
      ? { found: undefined, missing: `${REDIS_VARIABLE} names no server` }
      : { found: url, version: 'Redis' };
  },
};

export const isAllRequired = (): boolean => process.env[REQUIRE_VARIABLE] === 'all';

/** Title of the tests of a receiver of the guide: the reporter lists those that ran. */
export function nameReceiver(name: string, requirement: Requirement): string {
  return `receiver: ${name}${requirement.found === undefined ? '' : ` (${requirement.version})`}`;
}
