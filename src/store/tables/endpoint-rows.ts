import type { EndpointRecord } from '../../core/endpoint.ts';
import { OrderedRows } from './ordered-rows.ts';
import type { RowChanges } from './row-changes.ts';
import type { EndpointRow } from './rows.ts';

/** Endpoint records by id and, without hidden ones, in the order of creation. */
export class EndpointRows {
  readonly #byId = new Map<string, EndpointRow>();
  readonly #changes: RowChanges;
  readonly ordered: OrderedRows<EndpointRow> = new OrderedRows();
  /** Hidden ones whose message may have turned out to be a duplicate: retention looks whether anything is owed to them. */
  readonly unchecked: Set<string> = new Set();
  #created = 0;

  constructor(changes: RowChanges) {
    this.#changes = changes;
  }

  /** Hidden ones too. */
  get all(): Iterable<EndpointRow> {
    return this.#byId.values();
  }

  get(id: string): EndpointRow | undefined {
    return this.#byId.get(id);
  }

  /** Adds the record, or takes it for the one that was there. */
  set(record: EndpointRecord): void {
    const row = this.#byId.get(record.id) ?? this.#create(record);
    row.record = record;
    this.#changes.noteEndpoint(row);
  }

  delete(id: string): boolean {
    const row = this.#byId.get(id);
    if (row === undefined) return false;
    row.removed = true;
    this.#byId.delete(id);
    if (row.record.hidden === true) this.unchecked.delete(id);
    else this.ordered.noteRemoved();
    this.#changes.noteEndpointRemoved(row);
    return true;
  }

  #create(record: EndpointRecord): EndpointRow {
    this.#created += 1;
    const row: EndpointRow = { sequence: this.#created, removed: false, place: undefined, record };
    this.#byId.set(record.id, row);
    if (record.hidden === true) this.unchecked.add(record.id);
    else this.ordered.push(row);
    return row;
  }
}
