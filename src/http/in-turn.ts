import type { WebhookDispatcher } from '../dispatcher.ts';

/** The last change of each webhook that is being changed. */
const running = new WeakMap<WebhookDispatcher, Map<string, Promise<void>>>();

/** Changes of one webhook, one after the other: those of one process would only be in each other's way. */
export function inTurn<Result>(
  dispatcher: WebhookDispatcher,
  id: string,
  act: () => Promise<Result>,
): Promise<Result> {
  const turns = running.get(dispatcher) ?? new Map<string, Promise<void>>();
  running.set(dispatcher, turns);
  const result = (turns.get(id) ?? Promise.resolve()).then(act);
  const end = (): void => {
    if (turns.get(id) === turn) turns.delete(id);
  };
  const turn: Promise<void> = result.then(end, end);
  turns.set(id, turn);
  return result;
}
