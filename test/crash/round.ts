import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { findEvidence } from './evidence.ts';
import { chooseHold, type Hold } from './hold.ts';
import { openOutside } from './outside.ts';
import { RoundProcess } from './process.ts';
import { Receiver } from './receiver.ts';
import { createRunLog, readRunLog } from './run-log.ts';
import { createPlace, type Place } from './stores.ts';
import { tearTail } from './torn-tail.ts';
import type { ChildOrder, SabotageName, StoreKind, WindowName } from './windows.ts';

/** What one round showed. */
export interface RoundResult {
  /** Emits that had resolved. */
  readonly emitted: number;
  /** Emits not resolved, and deliveries whose outcome was not written, when the process was killed. */
  readonly inFlight: number;
  /** Resolved, and never received. */
  readonly lost: number;
  /** Receptions beyond the first. */
  readonly duplicates: number;
  /** Messages that came more often than their kills explain. */
  readonly unexplained: number;
  /** Kept without the delivery that they were stored with. */
  readonly bare: number;
  /** What was seen from outside while the process stood in the window; `undefined` where it does not stand still. */
  readonly found: string | undefined;
  /** What must not be: a message lost, kept without its delivery, or received more often than its kills explain, or a window that was not met. */
  readonly problems: readonly string[];
}

/** One round, as told by its parameters. */
export interface RoundPlan {
  readonly store: StoreKind;
  readonly window: WindowName;
  readonly number: number;
  readonly sabotage?: SabotageName | undefined;
}

/** Longest time between the marker and the kill, where the window is a span and not a place to wait in. */
const MAX_JITTER_MS = 4;

/** Lets a process work, kills it in the window, lets another one finish, and counts. */
export async function playRound(plan: RoundPlan): Promise<RoundResult> {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-crash-log-'));
  const place = await createPlace(plan.store);
  const receiver = await Receiver.start();
  const round = new Round(plan, place, receiver, join(folder, 'log'));
  try {
    return await round.play();
  } finally {
    await round.end();
    await receiver.close();
    await place.remove();
    rmSync(folder, { recursive: true });
  }
}

class Round {
  readonly #plan: RoundPlan;
  readonly #place: Place;
  readonly #receiver: Receiver;
  readonly #logFile: string;
  readonly #processes: RoundProcess[] = [];
  /** Kills that a message was in flight at. */
  readonly #hits = new Map<string, number>();
  #inFlight = 0;
  #found: string | undefined;
  /** Problems that no count shows. */
  readonly #unmet: string[] = [];

  constructor(plan: RoundPlan, place: Place, receiver: Receiver, logFile: string) {
    this.#plan = plan;
    this.#place = place;
    this.#receiver = receiver;
    this.#logFile = logFile;
    createRunLog(logFile);
  }

  async play(): Promise<RoundResult> {
    const { window, number, store } = this.#plan;
    // Every other time there is something to be opened.
    if (window === 'open' && number % 2 === 1) await this.#leaveData();
    if (window === 'lost-lease') await this.#loseLease();
    else await this.#killIn(window, 'second', chooseHold(this.#plan, this.#place.order));
    // What a torn write leaves behind must harm neither what was written before nor what comes after.
    if (window === 'append' && store === 'file') {
      tearTail(this.#place.order.location);
      // Not sent: only the journal has what this one stores behind the torn tail.
      await this.#killIn('before-send', 'third');
    }
    await this.#recover();
    return this.#count();
  }

  async end(): Promise<void> {
    for (const child of this.#processes) await child.kill();
  }

  /** Data of a process that was killed; in a database, of a version that has to be migrated. */
  async #leaveData(): Promise<void> {
    await this.#killIn('append', 'first');
    if (this.#plan.store === 'file') return;
    const outside = await openOutside(this.#place.order);
    await outside.forgetVersion();
    await outside.close();
  }

  async #killIn(window: Exclude<WindowName, 'lost-lease'>, run: string, hold?: Hold): Promise<void> {
    const child = this.#start(window, run, hold);
    if (window !== 'idle' && window !== 'open') {
      await child.says('armed');
      if (window === 'mid-request') this.#receiver.hold();
      child.answer();
    }
    await child.says('reached');
    if (hold !== undefined) {
      // Looking around takes a while, in which its leases would end and it would send again.
      child.freeze();
      await this.#lookAround(hold, child.file);
    }
    if (hold === undefined && window === 'append') spin(Math.random() * MAX_JITTER_MS);
    await child.kill();
    this.#receiver.release();
    this.#noteInFlight();
  }

  async #lookAround(hold: Hold, file: string): Promise<void> {
    const { found, isInside } = await findEvidence(this.#place.order, hold, file);
    this.#found = found;
    if (!isInside) this.#unmet.push(`the window was not met: looked for ${found}`);
  }

  /** A process that is held up until others have taken over its deliveries must write nothing more. */
  async #loseLease(): Promise<void> {
    // Whoever owns a folder is waited for by all: it is a client of it that can lose a lease.
    const owner = this.#plan.store === 'file' ? this.#start('own', 'owner') : undefined;
    await owner?.says('owning');
    const late = this.#start('lost-lease', 'late');
    await late.says('armed');
    late.answer();
    await late.says('holding');
    late.freeze();
    this.#noteInFlight();
    const goOn = async (): Promise<void> => {
      late.thaw();
      late.answer();
      await late.says('written');
    };
    if (this.#plan.number % 2 === 0) await this.#takeOver(goOn);
    else {
      await this.#recover();
      await goOn();
    }
    await this.#recover();
    await late.kill();
    await owner?.kill();
  }

  /** Another process has sent them, under leases of its own, and has not written what came of it when the late one goes on. */
  async #takeOver(goOn: () => Promise<void>): Promise<void> {
    const other = this.#start('take-over', 'other');
    await other.says('taken');
    const taken = [...this.#receiver.answered].filter(([, count]) => count > 1).map(([id]) => id);
    if (taken.length === 0) this.#unmet.push('the window was not met: nothing was taken over');
    await goOn();
    other.answer();
    await other.says('recovered');
    await other.ends();
    const { settled } = readRunLog(this.#logFile, 'late');
    for (const id of taken)
      if (settled.has(id)) this.#unmet.push(`${id} was written by a process whose lease was lost`);
  }

  async #recover(): Promise<void> {
    const child = this.#start('recover', 'recover');
    await child.says('recovered');
    await child.ends();
  }

  #start(task: ChildOrder['task'], run: string, hold?: Hold): RoundProcess {
    const child = new RoundProcess({
      store: this.#place.order,
      receiverUrl: this.#receiver.url,
      logFile: this.#logFile,
      run,
      task,
      hold,
      sabotage: this.#plan.sabotage,
    });
    this.#processes.push(child);
    return child;
  }

  #noteInFlight(): void {
    const { tried, settled } = readRunLog(this.#logFile);
    this.#inFlight = 0;
    for (const id of tried) {
      if (settled.has(id)) continue;
      this.#inFlight += 1;
      this.#hits.set(id, (this.#hits.get(id) ?? 0) + 1);
    }
  }

  #count(): RoundResult {
    const { emitted, bare } = readRunLog(this.#logFile);
    const { answered } = this.#receiver;
    const lost = [...emitted].filter((id) => !answered.has(id));
    const problems = [
      ...this.#unmet,
      ...lost.map((id) => `${id} was emitted and never received`),
      ...[...bare].map((id) => `${id} was kept without its delivery`),
    ];
    let duplicates = 0;
    let unexplained = 0;
    for (const [id, count] of answered) {
      duplicates += count - 1;
      const explained = this.#hits.get(id) ?? 0;
      if (count - 1 <= explained) continue;
      unexplained += 1;
      problems.push(`${id} was received ${count} times and was in flight at ${explained} kills`);
    }
    if (this.#plan.window !== 'idle' && this.#inFlight === 0)
      problems.push('nothing was in flight at the kill');
    return {
      emitted: emitted.size,
      inFlight: this.#inFlight,
      lost: lost.length,
      duplicates,
      unexplained,
      bare: bare.size,
      found: this.#found,
      problems,
    };
  }
}

/** Keeps the processor for some fractions of a millisecond, which no timer can. */
function spin(durationMs: number): void {
  const end = performance.now() + durationMs;
  while (performance.now() < end);
}
