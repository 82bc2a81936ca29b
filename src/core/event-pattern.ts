/**
 * The patterns that can match one of the given event types, so that a misspelt one does not compile: each type itself,
 * `*` and `**`, a type with `*` in place of any of its segments (`job.*`, `*.completed`), and `**` in place of what
 * follows or precedes some of them (`job.**`, `**.completed`). Any text where types are not known (`string`).
 *
 * Patterns that come from outside, such as a form, are texts. Cast them: `events as EventPattern<Type>[]`; they are
 * checked at run time all the same.
 */
export type EventPattern<Type extends string> = string extends Type
  ? string
  : '*' | '**' | WithStars<Type> | WithTail<Type> | WithHead<Type>;

/** Each segment, or `*` in its place. */
type WithStars<Type extends string> = Type extends `${infer Head}.${infer Rest}`
  ? `${Head | '*'}.${WithStars<Rest>}`
  : Type | '*';

/** `**` after one segment or more; it may stand for nothing. */
type WithTail<Type extends string> = Type extends `${infer Head}.${infer Rest}`
  ? `${Head}.**` | `${Head}.${WithTail<Rest>}`
  : `${Type}.**`;

/** `**` before one segment or more; it may stand for nothing. */
type WithHead<Type extends string> = `**.${Type}` | WithShorterHead<Type>;
type WithShorterHead<Type extends string> = Type extends `${string}.${infer Rest}` ? WithHead<Rest> : never;
