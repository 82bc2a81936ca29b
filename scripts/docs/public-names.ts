import { ENTRY_POINTS, readPublicNames } from '../reference/public-names.ts';
import type { Problem } from './page.ts';

/** Every name that users can import says what it is for. */
export function checkPublicNames(): { count: number; problems: Problem[] } {
  const names = ENTRY_POINTS.flatMap(({ specifier, source }) =>
    readPublicNames(source).names.map((name) => ({ ...name, specifier })),
  );
  const problems = names
    .filter(({ doc }) => doc === '')
    .map(({ name, specifier, path, line }) => ({
      path,
      line,
      message: `${name}, exported by ${specifier}, has no doc comment`,
    }));
  return { count: names.length, problems };
}
