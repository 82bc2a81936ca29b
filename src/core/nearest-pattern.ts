/** The pattern that an event type comes nearest to, where none covers it. */
import { nearest } from './nearest.ts';

/** Points for a segment. */
const SAME = 2;
const ALIKE = 1;

/** A slip of the pen, or else the pattern whose first segments are most like those of the type, slips and case aside. Of equally near ones the first. */
export function nearestPattern(type: string, patterns: readonly string[]): string | undefined {
  const slip = nearest(type, patterns);
  if (slip !== undefined) return slip;
  let best: string | undefined;
  let most = 0;
  for (const pattern of patterns) {
    const likeness = likenessOf(type.split('.'), pattern.split('.'));
    if (likeness <= most) continue;
    most = likeness;
    best = pattern;
  }
  return best;
}

/** Stars cover anything, so they say nothing. */
function likenessOf(segments: readonly string[], pattern: readonly string[]): number {
  let points = 0;
  for (const [index, segment] of segments.entries()) {
    const own = pattern[index];
    if (own === undefined || own === '**') break;
    if (own === '*') continue;
    if (own === segment) points += SAME;
    else if (nearest(segment, [own]) !== undefined) points += ALIKE;
    else break;
  }
  return points;
}
