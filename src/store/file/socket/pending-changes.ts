import type { StoreChange } from '../../store.ts';

/** More endpoints than that are told as "any may have changed". */
const MAX_ENDPOINTS = 100;

/** Key of what is told last of a problem that lasts. */
const LASTING = 'problem';

/** Changes that cannot be told yet. Equal ones are told once, of problems that last the latest; their number is bounded. */
export class PendingChanges {
  readonly #changes = new Map<string, StoreChange>();
  #endpoints = 0;

  add(change: StoreChange): void {
    const key = keyOf(change);
    if (key === LASTING) this.#changes.delete(key);
    if (this.#changes.has(key)) return;
    this.#changes.set(key, change);
    if (change.kind !== 'endpoint') return;
    this.#endpoints += 1;
    if (this.#endpoints <= MAX_ENDPOINTS) return;
    for (const [told, { kind }] of this.#changes) if (kind === 'endpoint') this.#changes.delete(told);
    this.#endpoints = 0;
    this.add({ kind: 'endpoint', id: undefined });
  }

  get isEmpty(): boolean {
    return this.#changes.size === 0;
  }

  /** What is pending, in order; nothing is, afterwards. */
  take(): readonly StoreChange[] {
    const changes = [...this.#changes.values()];
    this.#changes.clear();
    this.#endpoints = 0;
    return changes;
  }
}

function keyOf(change: StoreChange): string {
  return change.kind === 'problem' && change.problem?.lasts !== false ? LASTING : JSON.stringify(change);
}
