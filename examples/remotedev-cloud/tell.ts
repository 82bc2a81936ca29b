/** Lines for a person, and what was wrong. */
import { setTimeout as wait } from 'node:timers/promises';

const problems: string[] = [];

export function tellTitle(title: string): void {
  console.log(`\n${title}`);
}

export function tell(line: string): void {
  console.log(`  ${line}`);
}

/** Something that has to be so. */
export function check(what: string, isSo: boolean): void {
  tell(`${isSo ? 'ok' : 'WRONG'}  ${what}`);
  if (!isSo) problems.push(what);
}

/** Resolves when it is so. @throws Error when that takes too long */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const limit = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > limit) throw new Error(`waited in vain until ${what}`);
    await wait(25);
  }
}

/** The exit code of the story. */
export function tellVerdict(): number {
  tellTitle(
    problems.length === 0
      ? 'Everything arrived where it belongs, and nowhere else.'
      : 'Something went wrong:',
  );
  for (const problem of problems) tell(problem);
  return problems.length === 0 ? 0 : 1;
}

export function tellError(error: unknown): void {
  problems.push(error instanceof Error ? error.message : String(error));
}
