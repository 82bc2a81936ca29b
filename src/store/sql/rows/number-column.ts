/** A whole number as drivers give it: wide ones may be text. */
export type NumberColumn = number | string | bigint;

/** A number that may be missing. */
export function optionalNumber(value: NumberColumn | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
