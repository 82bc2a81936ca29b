import type { WebhookDispatcher } from 'posthorn';

const FINAL_EVENTS = ['succeeded', 'exhausted', 'discarded', 'failed'] as const;

/** Deliveries that wait at the end: of the endpoint that is paused on purpose, and others. */
export interface Waiting {
  readonly held: number;
  readonly other: number;
}

/** Double entry: what was owed comes from receipts and replays, what became of it from lifecycle events. */
export interface Ledger {
  /** Ids of endpoints that are paused for good. */
  readonly held: Set<string>;
  /** Deliveries that were final and are owed again. */
  reopened(count: number): void;
  emitted(): void;
  waiting(dispatcher: WebhookDispatcher): Promise<Waiting>;
  counts(): object;
  problems(waiting: Waiting): string[];
  sentence(waiting: Waiting): string;
}

export function createLedger(dispatchers: readonly WebhookDispatcher[]): Ledger {
  const held = new Set<string>();
  const final = { succeeded: 0, exhausted: 0, discarded: 0, failed: 0 };
  const errors = new Map<string, number>();
  let messages = 0;
  let owed = 0;
  let reopened = 0;
  for (const dispatcher of dispatchers) {
    dispatcher.on('message.accepted', ({ deliveries }) => {
      owed += deliveries;
    });
    for (const name of FINAL_EVENTS) {
      dispatcher.on(`delivery.${name}`, () => {
        final[name] += 1;
      });
    }
    dispatcher.on('error', ({ error }) => {
      errors.set(error.message, (errors.get(error.message) ?? 0) + 1);
    });
  }
  const ended = (): number => FINAL_EVENTS.reduce((sum, name) => sum + final[name], 0);
  const sentence = (waiting: Waiting): string =>
    `${owed + reopened} owed (${owed} emitted, ${reopened} again) = ${final.succeeded} succeeded + ` +
    `${final.exhausted} exhausted + ${final.discarded} discarded + ${final.failed} failed + ` +
    `${waiting.held + waiting.other} waiting`;
  return {
    held,
    reopened: (count) => {
      reopened += count;
    },
    emitted: () => {
      messages += 1;
    },
    async waiting(dispatcher) {
      const found = { held: 0, other: 0 };
      let cursor: string | undefined;
      do {
        const page = await dispatcher.deliveries.list({
          states: ['scheduled', 'sending'],
          limit: 500,
          ...(cursor === undefined ? {} : { cursor }),
        });
        for (const { endpointId } of page.items) found[held.has(endpointId) ? 'held' : 'other'] += 1;
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return found;
    },
    counts: () => ({ messages, owed, reopened, ...final, errors: Object.fromEntries(errors) }),
    sentence,
    problems(waiting) {
      const problems: string[] = [];
      if (owed + reopened !== ended() + waiting.held + waiting.other)
        problems.push(`the counts do not add up: ${sentence(waiting)}`);
      if (waiting.other > 0) problems.push(`${waiting.other} deliveries still wait that should have ended`);
      if (waiting.held === 0) problems.push('nothing waited: the paused endpoint was not exercised');
      for (const name of ['succeeded', 'exhausted', 'discarded'] as const)
        if (final[name] === 0) problems.push(`no delivery was ${name}: the load was not mixed`);
      for (const [message, count] of errors) problems.push(`${count} × error event: ${message}`);
      return problems;
    },
  };
}
