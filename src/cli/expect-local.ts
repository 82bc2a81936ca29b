import { CliError, EXIT_CODE } from './exit-code.ts';
import type { LocalSession, Session } from './session.ts';

/** For what concerns a store as a whole, and so no single caller of an API. @throws CliError over `--url` */
export function expectLocal({ local }: Session, what: string): LocalSession {
  if (local !== undefined) return local;
  throw new CliError(
    EXIT_CODE.wrongUse,
    `${what} is not possible over --url: it concerns all tenants of the application. Give --store.`,
  );
}
