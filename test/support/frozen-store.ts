import type { Store } from '../../src/store/store.ts';

/** The call at which a process ends: before it reaches the store, or when it was written and nobody has heard of it. */
export interface FreezingPoint {
  /** `putLane`, `endpoints.put`, … */
  readonly call: string;
  readonly when: 'before' | 'after';
}

/** A store that does not answer a call any more once a point is reached, as seen by a process that was killed there. */
export class FrozenStore {
  readonly store: Store;
  #point: FreezingPoint | undefined;
  #isFrozen = false;

  constructor(store: Store) {
    const endpoints = this.#freeze(store.endpoints, 'endpoints.');
    this.store = this.#freeze(store, '', { endpoints });
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** From now on; `undefined`: at once. */
  freezeAt(point: FreezingPoint | undefined): void {
    this.#point = point;
    this.#isFrozen = point === undefined;
  }

  #freeze<T extends object>(target: T, prefix: string, replaced: Partial<T> = {}): T {
    return new Proxy(target, {
      get: (_, key) => {
        if (Object.hasOwn(replaced, key)) return replaced[key as keyof T];
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args);
        return ['open', 'watch', 'close'].includes(String(key))
          ? call
          : this.#wrap(prefix + String(key), call);
      },
    });
  }

  #wrap(name: string, call: (...args: unknown[]) => unknown): (...args: unknown[]) => Promise<unknown> {
    return async (...args) => {
      const isThePoint = this.#point?.call === name;
      if (isThePoint && this.#point?.when === 'before') this.#isFrozen = true;
      if (this.#isFrozen) return new Promise(() => undefined);
      const answer = await call(...args);
      if (isThePoint) this.#isFrozen = true;
      return this.#isFrozen ? new Promise(() => undefined) : answer;
    };
  }
}
