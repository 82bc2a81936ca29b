/**
 * Patterns say which event types an endpoint wants. A pattern is matched segment by segment, never by parts of one:
 * - `job.completed` is that type and no other
 * - `*` stands for exactly one segment: `job.*` matches `job.completed`, neither `job` nor `job.step.completed`
 * - `**` stands for any number of segments, none included: `job.**` matches `job`, `job.completed`, `job.step.completed`
 * - a lone `*` means the same as a lone `**`: everything
 * - types whose first segment is `posthorn` are covered only by patterns that name it
 * Case counts.
 */

/** First segment of the types of operational webhooks. */
export const OWN_SEGMENT = 'posthorn';

const PATTERN_SYNTAX = /^(?:[A-Za-z0-9_-]+|\*\*?)(?:\.(?:[A-Za-z0-9_-]+|\*\*?))*$/;
const MAX_PATTERN_LENGTH = 256;

/** What {@link isPattern} accepts, to end "expected …" with. */
export const PATTERN_EXPECTED: string =
  `an event type like 'job.completed', or a pattern: '*' in place of one whole segment ('job.*'), '**' in place of ` +
  `any number of segments ('job.**'), '*' alone for everything; at most ${MAX_PATTERN_LENGTH} characters`;

/** True for event types, and for dotted names in which `*` or `**` stands in place of whole segments. */
export function isPattern(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_PATTERN_LENGTH && PATTERN_SYNTAX.test(value);
}

/** True when the pattern is an event type itself, so that it can be looked up instead of matched. */
export function isExactPattern(pattern: string): boolean {
  return !pattern.includes('*');
}

/** The segments of a pattern; a lone `*` comes back as `**`, which is what it means. */
function splitPattern(pattern: string): string[] {
  return pattern === '*' ? ['**'] : pattern.split('.');
}

/** True when `pattern` covers the event type. Costs at most segments × segments, whatever the pattern. */
export function matchesPattern(pattern: string, type: string): boolean {
  if (isExactPattern(pattern)) return pattern === type;
  const wanted = splitPattern(pattern);
  const segments = type.split('.');
  if (segments[0] === OWN_SEGMENT && wanted[0] !== OWN_SEGMENT) return false;
  let next = 0;
  // A later `**` can take whatever an earlier one could, so only the last one seen is ever tried again.
  let afterDeep = -1;
  let deepEnd = 0;
  for (let position = 0; position < segments.length;) {
    const want = wanted[next];
    if (want === '**') {
      next += 1;
      afterDeep = next;
      deepEnd = position;
    } else if (want === '*' || want === segments[position]) {
      next += 1;
      position += 1;
    } else if (afterDeep >= 0) {
      deepEnd += 1;
      position = deepEnd;
      next = afterDeep;
    } else {
      return false;
    }
  }
  while (wanted[next] === '**') next += 1;
  return next === wanted.length;
}

/** Values kept by pattern, and found by event type in a time that does not depend on how many there are. */
export class PatternTree<Value> {
  readonly #root: PatternNode<Value> = createNode(false);
  #lastStep = 0;

  get isEmpty(): boolean {
    return isEmptyNode(this.#root);
  }

  get(pattern: string): Value | undefined {
    let node: PatternNode<Value> | undefined = this.#root;
    for (const segment of splitPattern(pattern)) node = node?.children?.get(segment);
    return node?.value;
  }

  set(pattern: string, value: Value): void {
    let node = this.#root;
    for (const segment of splitPattern(pattern)) {
      node.children ??= new Map();
      let child = node.children.get(segment);
      if (child === undefined) node.children.set(segment, (child = createNode(segment === '**')));
      node = child;
    }
    node.value = value;
  }

  /** Removes the value of a pattern, and what was kept for it alone. */
  delete(pattern: string): void {
    removeBelow(this.#root, splitPattern(pattern), 0);
  }

  /**
   * The values of all patterns that cover an event type. Follows them all at once, one segment after the other, so that
   * no pattern, however many `**` it has, makes it go over the type twice.
   */
  valuesFor(type: string): Value[] {
    const segments = type.split('.');
    const isOwn = segments[0] === OWN_SEGMENT;
    const start = isOwn ? this.#root.children?.get(OWN_SEGMENT) : this.#root;
    if (start === undefined) return [];
    let active: PatternNode<Value>[] = [];
    activate(start, active, (this.#lastStep += 1));
    for (const segment of isOwn ? segments.slice(1) : segments) {
      const next: PatternNode<Value>[] = [];
      this.#lastStep += 1;
      for (const node of active) advance(node, segment, next, this.#lastStep);
      active = next;
    }
    const values: Value[] = [];
    for (const { value } of active) if (value !== undefined) values.push(value);
    return values;
  }
}

/** What is common to all patterns that begin with the same segments. */
interface PatternNode<Value> {
  /** Of the pattern that ends here. */
  value: Value | undefined;
  /** By next segment. `*` and `**` are among them: no event type has a segment of that name. */
  children: Map<string, PatternNode<Value>> | undefined;
  /** Reached through `**`: stays active whatever segment comes. */
  readonly isDeep: boolean;
  /** The step in which it was last made active. */
  activeIn: number;
}

function createNode<Value>(isDeep: boolean): PatternNode<Value> {
  return { value: undefined, children: undefined, isDeep, activeIn: 0 };
}

function isEmptyNode(node: PatternNode<unknown>): boolean {
  return node.value === undefined && node.children === undefined;
}

function removeBelow<Value>(node: PatternNode<Value>, segments: readonly string[], depth: number): void {
  const segment = segments[depth];
  if (segment === undefined) {
    node.value = undefined;
    return;
  }
  const child = node.children?.get(segment);
  if (child === undefined) return;
  removeBelow(child, segments, depth + 1);
  if (isEmptyNode(child)) node.children?.delete(segment);
  if (node.children?.size === 0) node.children = undefined;
}

/** Adds a node to those that the segments so far lead to; and, as `**` may stand for none, what follows it. */
function activate<Value>(node: PatternNode<Value>, active: PatternNode<Value>[], step: number): void {
  if (node.activeIn === step) return;
  node.activeIn = step;
  active.push(node);
  const deep = node.children?.get('**');
  if (deep !== undefined) activate(deep, active, step);
}

/** Adds the nodes that one more segment leads to. */
function advance<Value>(
  node: PatternNode<Value>,
  segment: string,
  next: PatternNode<Value>[],
  step: number,
): void {
  if (node.isDeep) activate(node, next, step);
  if (node.children === undefined) return;
  const exact = node.children.get(segment);
  if (exact !== undefined) activate(exact, next, step);
  const single = node.children.get('*');
  if (single !== undefined) activate(single, next, step);
}
