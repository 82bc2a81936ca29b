/** A row that can stand in one {@link LinkedRows} at a time. */
export interface LinkedRow<Row> {
  previous: Row | undefined;
  next: Row | undefined;
}

/** A list threaded through its rows: no allocation, removal from anywhere at constant cost. */
export class LinkedRows<Row extends LinkedRow<Row>> {
  first: Row | undefined;
  last: Row | undefined;
  size = 0;

  /** Adds a row behind `before`; at the front when that is `undefined`. */
  insertAfter(before: Row | undefined, row: Row): void {
    const after = before === undefined ? this.first : before.next;
    row.previous = before;
    row.next = after;
    if (before === undefined) this.first = row;
    else before.next = row;
    if (after === undefined) this.last = row;
    else after.previous = row;
    this.size += 1;
  }

  /** Adds a row at the end. */
  push(row: Row): void {
    this.insertAfter(this.last, row);
  }

  /** Takes out a row that is in this list. */
  remove(row: Row): void {
    if (row.previous === undefined) this.first = row.next;
    else row.previous.next = row.next;
    if (row.next === undefined) this.last = row.previous;
    else row.next.previous = row.previous;
    row.previous = undefined;
    row.next = undefined;
    this.size -= 1;
  }
}
