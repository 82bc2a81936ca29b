/** Says whether everybody got what they asked for: by what a monitor heard and the systems counted, not by what Posthorn believes. */
import type { ExternalSystem } from './external-system.ts';
import { SUBSCRIPTIONS } from './subscriptions.ts';
import { type MonitorEvent, WEBHOOK_EVENT_TYPES } from './webhooks.ts';

export interface Evidence {
  /** All that was broadcast since the webhooks were there, as a monitor heard it. */
  readonly heard: readonly MonitorEvent[];
  readonly systems: ReadonlyMap<string, Pick<ExternalSystem, 'accepted' | 'refusals'>>;
  /** Events whose requests waited for an answer when their sender was killed: only these may have come twice. */
  readonly inFlight: ReadonlySet<string>;
}

export function findProblems({ heard, systems, inFlight }: Evidence): string[] {
  const problems: string[] = [];
  for (const type of WEBHOOK_EVENT_TYPES)
    if (!heard.some((event) => event.type === type)) problems.push(`nothing was heard of ${type}`);
  for (const { name, wants } of SUBSCRIPTIONS) {
    const { accepted, refusals } = systems.get(name)!;
    problems.push(...refusals.map((refusal) => `${name}: ${refusal}`));
    const wanted = new Map(heard.filter(wants).map((event) => [event.event_id!, event.type]));
    const counts = new Map<string, number>();
    for (const { event_id, event_type, metadata } of accepted) {
      if (metadata?.['test'] === true) continue;
      counts.set(event_id, (counts.get(event_id) ?? 0) + 1);
      if (!wanted.has(event_id)) problems.push(`${name} got ${event_type}, for which it did not ask`);
    }
    for (const [id, type] of wanted) {
      const count = counts.get(id) ?? 0;
      if (count === 0) problems.push(`${name} did not get ${type} ${id}`);
      if (count > 1 && !inFlight.has(id)) problems.push(`${name} got ${type} ${id} ${count} times`);
    }
  }
  return problems;
}
