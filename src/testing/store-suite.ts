import { createManualClock } from './manual-clock.ts';
import { appendCases } from './store-suite/append-cases.ts';
import { claimCases } from './store-suite/claim-cases.ts';
import { closeCases } from './store-suite/close-cases.ts';
import { duplicateCases } from './store-suite/duplicate-cases.ts';
import { endpointCases } from './store-suite/endpoint-cases.ts';
import { fanOutCases } from './store-suite/fan-out-cases.ts';
import { heldEndpointCases } from './store-suite/held-endpoint-cases.ts';
import { hiddenEndpointCases } from './store-suite/hidden-endpoint-cases.ts';
import { laneCases } from './store-suite/lane-cases.ts';
import { leaseCases } from './store-suite/lease-cases.ts';
import { leaseLimitCases } from './store-suite/lease-limit-cases.ts';
import { listingCases } from './store-suite/listing-cases.ts';
import { orderingCases } from './store-suite/ordering-cases.ts';
import { probationCases } from './store-suite/probation-cases.ts';
import { rateCases } from './store-suite/rate-cases.ts';
import { rescheduleCases } from './store-suite/reschedule-cases.ts';
import { rescueCases } from './store-suite/rescue-cases.ts';
import { retentionCases } from './store-suite/retention-cases.ts';
import { settingsCases } from './store-suite/settings-cases.ts';
import { settleCases } from './store-suite/settle-cases.ts';
import { sharedLaneCases } from './store-suite/shared-lane-cases.ts';
import { statsCases } from './store-suite/stats-cases.ts';
import type { CreateStore, StoreHandle } from './store-suite/store-handle.ts';
import { StoreWorld } from './store-suite/store-world.ts';
import type { SuiteCase } from './store-suite/suite-case.ts';
import { watchCases } from './store-suite/watch-cases.ts';
import type { TestRunner } from './test-runner.ts';

export type { CreateStore, StoreHandle } from './store-suite/store-handle.ts';

/** Options of {@link createStoreSuite}. */
export interface StoreSuiteOptions {
  /** Name of the store, for the headline of the suite. */
  readonly name: string;
  /** Builds a fresh, empty store. Called for each case. */
  readonly create: CreateStore;
  /**
   * Cases that the store cannot pass by its nature, by name, and why. They are left out. A name that no case has is an
   * error, so that a list cannot outlive what it excuses.
   */
  readonly deviations?: readonly { readonly reason: string; readonly cases: readonly string[] }[];
}

const GROUPS: Readonly<Record<string, readonly SuiteCase[]>> = {
  append: appendCases,
  'append: ids and idempotency keys': duplicateCases,
  'append, prune: hidden endpoints': hiddenEndpointCases,
  'claimFanOut, completeFanOut': fanOutCases,
  claimDue: claimCases,
  'claimDue: rescues': rescueCases,
  'claimDue: ordering keys': orderingCases,
  'claimDue: rate limits': rateCases,
  'claimDue: a most of leases': leaseLimitCases,
  'claimDue: probation': probationCases,
  'claimDue: disabled endpoints': heldEndpointCases,
  settle: settleCases,
  'renew, release': leaseCases,
  endpoints: endpointCases,
  'getLane, putLane': laneCases,
  'lanes that endpoints share': sharedLaneCases,
  'getMessage, getDelivery, list': listingCases,
  reschedule: rescheduleCases,
  stats: statsCases,
  prune: retentionCases,
  watch: watchCases,
  settings: settingsCases,
  'open, close': closeCases,
};

/**
 * Declares the conformance suite of the store port: every line of the contract in `store.ts`, in its order. Works with
 * vitest, jest and `node:test`; time moves by hand, nothing waits.
 *
 * @example
 * createStoreSuite(
 *   { name: 'memory', create: async () => ({ store: memoryStore(), close: async () => {} }) },
 *   { describe, it, beforeEach, afterEach },
 * );
 */
export function createStoreSuite(options: StoreSuiteOptions, runner: TestRunner): void {
  const excused = new Set(options.deviations?.flatMap(({ cases }) => cases));
  const known = new Set(Object.values(GROUPS).flatMap((cases) => cases.map(({ name }) => name)));
  for (const name of excused) {
    if (!known.has(name)) throw new TypeError(`No case of the store suite is named ${JSON.stringify(name)}.`);
  }
  runner.describe(`store contract: ${options.name}`, () => {
    for (const [group, cases] of Object.entries(GROUPS)) {
      const declared = cases.filter(({ name }) => !excused.has(name));
      // Some runners fail an empty group.
      if (declared.length === 0) continue;
      runner.describe(group, () => declared.forEach((suiteCase) => declare(suiteCase, options, runner)));
    }
  });
}

/** What a runner hands to a case: in vitest `skip` throws, in `node:test` it notes, elsewhere there is none. */
interface CaseContext {
  skip?(reason: string): void;
}

function declare(suiteCase: SuiteCase, options: StoreSuiteOptions, runner: TestRunner): void {
  // A rest parameter, since jest takes a body with a named one for one that calls back.
  runner.it(suiteCase.name, async (...[context]: readonly unknown[]) => {
    const clock = createManualClock();
    const world = new StoreWorld(expectHandle(await options.create({ clock })), clock);
    try {
      await world.open();
      const reason = suiteCase.whyNot?.(world);
      if (reason === undefined) await suiteCase.run(world);
      else (context as CaseContext | undefined)?.skip?.(reason);
    } catch (error) {
      // What went wrong first is what the case says.
      await world.close().catch(() => undefined);
      throw error;
    }
    await world.close();
  });
}

function expectHandle(handle: StoreHandle | undefined): StoreHandle {
  if (typeof handle?.store?.open === 'function') return handle;
  throw new TypeError(
    'create: expected a promise of { store, close }, with a store; got ' +
      `${handle === undefined || handle === null ? String(handle) : `{ ${Object.keys(handle).join(', ')} }`}.`,
  );
}
