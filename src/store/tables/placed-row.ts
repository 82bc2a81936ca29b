/** Where the newest version of a row lies, for a store that writes rows down. */
export interface RowPlace {
  /** Number of the file. */
  readonly segment: number;
  /** In bytes, like the length. */
  readonly offset: number;
  readonly length: number;
}

/** Something that may be written down. Only the store that does so reads and changes its place. */
export interface PlacedRow {
  /** `undefined` until it was written, and after it was removed. */
  place: RowPlace | undefined;
}
