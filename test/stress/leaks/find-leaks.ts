import { type Bundle, createBundle } from '../../../bench/harness/bundle.ts';
import { startProcess } from '../../../bench/harness/start-process.ts';
import type { AnsweringActions } from './programs/answering.ts';
import type { Alive, DeliveringActions, TransportName } from './programs/delivering.ts';

const SOURCES = {
  answering: new URL('programs/answering.ts', import.meta.url),
  delivering: new URL('programs/delivering.ts', import.meta.url),
};
/** Fills the store, opens all sockets, and lets V8 compile everything. */
const WARM_UP = 2_000;
/** Sockets are closed and opened all the time, and what belongs to them comes and goes. */
const OBJECTS_TOLERANCE = 100;
/** Closed ones that somebody still knows. */
const SOCKETS_TOLERANCE = 5;
const HEAP_TOLERANCE_BYTES = 1_500_000;
/** Until what is found is taken for a leak. */
const MAX_MEASUREMENTS = 3;

/** What was alive, and what should not have been. */
export interface LeakReport {
  readonly problems: readonly string[];
  readonly before: Alive;
  readonly warm: Alive;
  readonly after: Alive;
  readonly stopped: Alive;
}

/** The package and the two programs, built. */
export function buildLeakPrograms(): Promise<Bundle> {
  return createBundle(Object.values(SOURCES));
}

/** Delivers so many messages from a process to another one, and compares what is alive before, during and afterwards. */
export async function findLeaks(
  bundle: Bundle,
  transport: TransportName,
  count: number,
): Promise<LeakReport> {
  await using answering = startProcess<AnsweringActions>(bundle.pathOf(SOURCES.answering));
  await using delivering = startProcess<DeliveringActions>(bundle.pathOf(SOURCES.delivering));
  const { url } = await answering.call('listen', undefined);
  const measure = (): Promise<Alive> => delivering.call('measure', undefined);
  const before = await measure();
  await delivering.call('open', { url, transport });
  await delivering.call('deliver', { count: WARM_UP });
  const warm = await measure();
  await delivering.call('deliver', { count });
  const after = await untilFine(measure, (alive) => grown('after the deliveries', warm, alive));
  await delivering.call('stop', undefined);
  const stopped = await untilFine(measure, (alive) => unlike('after stop()', before, alive));
  const left = await answering.call('connections', undefined);
  const problems = [
    ...after.problems,
    ...stopped.problems,
    ...stopped.alive.warnings.map((name) => `warning: ${name}`),
    ...(left > 0 ? [`${left} connections are open after stop()`] : []),
  ];
  return { problems, before, warm, after: after.alive, stopped: stopped.alive };
}

/** Measures until it is fine: a leak is there every time, what only time ends is gone sooner or later. */
async function untilFine(
  measure: () => Promise<Alive>,
  problemsOf: (alive: Alive) => readonly string[],
): Promise<{ alive: Alive; problems: readonly string[] }> {
  for (let time = 1; ; time += 1) {
    const alive = await measure();
    const problems = problemsOf(alive);
    if (problems.length === 0 || time === MAX_MEASUREMENTS) return { alive, problems };
  }
}

function grown(when: string, from: Alive, to: Alive): string[] {
  return [
    ...more(
      `bytes of the heap ${when}`,
      { heap: from.heapBytes },
      { heap: to.heapBytes },
      HEAP_TOLERANCE_BYTES,
    ),
    ...more(
      `bytes outside the heap ${when}`,
      { external: from.externalBytes },
      { external: to.externalBytes },
      HEAP_TOLERANCE_BYTES,
    ),
    ...more(`objects ${when}`, from.objects, to.objects, OBJECTS_TOLERANCE),
    ...more(`listeners of the process ${when}`, from.listeners, to.listeners, 0),
  ];
}

/** Whatever the dispatcher has opened is closed. */
function unlike(when: string, from: Alive, to: Alive): string[] {
  const { Socket: socketsBefore = 0 } = from.objects;
  const { Socket: sockets = 0 } = to.objects;
  return [
    ...more(`resources ${when}`, from.resources, to.resources, 0),
    ...more(`listeners of the process ${when}`, from.listeners, to.listeners, 0),
    ...more(`sockets ${when}`, { Socket: socketsBefore }, { Socket: sockets }, SOCKETS_TOLERANCE),
  ];
}

function more(
  what: string,
  from: Readonly<Record<string, number>>,
  to: Readonly<Record<string, number>>,
  tolerance: number,
): string[] {
  return Object.entries(to)
    .filter(([name, count]) => count > (from[name] ?? 0) + tolerance)
    .map(([name, count]) => `${what}: ${name} grew from ${from[name] ?? 0} to ${count}`);
}
