import { memoryStore, type Store } from 'posthorn';

/** The stores that are measured, with the settings that users get, by the name of the contender. */
export const STORES = {
  memory: (): Store => memoryStore(),
} as const;

export type StoreName = keyof typeof STORES;
