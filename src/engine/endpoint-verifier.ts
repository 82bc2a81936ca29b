/**
 * Lets endpoints prove themselves before they get anything. A check that is due is begun in the record first, by whoever is faster: so of several
 * processes one makes it, and when that one ends in the middle, another makes the next. A few are made at a time.
 */
import type { Timer } from '../clock.ts';
import type { EndpointRecord } from '../core/endpoint.ts';
import type { Outcome } from '../core/outcome.ts';
import {
  beginCheck,
  concludeCheck,
  judgeOutcome,
  nextCheckAt,
  type VerificationVerdict,
} from '../core/verification.ts';
import type { VerificationKind } from '../core/verification-state.ts';
import { ConflictError, NotFoundError, OptionsError, StoppedError } from '../errors.ts';
import { Attempt, type AttemptContext } from './attempt.ts';
import { Deadlines } from './deadlines.ts';
import type { Directory } from './directory.ts';
import type { EndpointAdmin } from './endpoint-admin.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import type { EngineContext } from './engine-context.ts';
import { Turns } from './turns.ts';
import {
  createVerificationRequest,
  MAX_ANSWER_BYTES,
  type VerificationRequest,
  type VerificationSurroundings,
} from './verification-request.ts';

export interface EndpointVerifierOptions
  extends
    VerificationSurroundings,
    Pick<AttemptContext, 'transport' | 'tokens'>,
    Pick<EngineContext, 'clock' | 'random' | 'activity' | 'reporter'> {
  /** False in a process that only stores. */
  readonly deliver: boolean;
  /** Checks at a time. */
  readonly maxVerifications: number;
  /** Checks at a time for one tenant: receivers that let theirs wait hold up no others. */
  readonly maxVerificationsPerTenant: number;
  /** Waits between the checks of an endpoint that does not answer. */
  readonly verificationDelaysMs: readonly number[];
  readonly admin: EndpointAdmin;
  readonly directory: Directory;
}

/** What came of a check that somebody asked for. */
export interface Checked {
  readonly verdict: VerificationVerdict;
  readonly durationMs: number;
}

export class EndpointVerifier {
  readonly #options: EndpointVerifierOptions;
  /** Not those of deliveries: there is no lease to be renewed. */
  readonly #deadlines: Deadlines<Attempt>;
  readonly #timers = new Map<string, Timer>();
  readonly #busy = new Set<string>();
  readonly #turns: Turns;
  /** Checks under way, by what they ask. */
  readonly #underWay = new Map<string, Promise<Checked | undefined>>();
  #isStopped = false;

  constructor(options: EndpointVerifierOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.clock);
    this.#turns = new Turns(options.maxVerifications, options.maxVerificationsPerTenant);
  }

  /** Requests that wait for an answer. */
  get inFlight(): number {
    return this.#deadlines.entries.length;
  }

  /** Takes note of an endpoint as it is now: makes its next check when that is due. */
  note({ record, fault }: EndpointRuntime): void {
    const { deliver, clock } = this.#options;
    if (!deliver || this.#isStopped) return;
    const { id } = record;
    this.#timers.get(id)?.cancel();
    this.#timers.delete(id);
    const at = nextCheckAt(record);
    // What this process cannot serve is left to others that can.
    if (at === undefined || fault !== undefined || this.#busy.has(id)) return;
    if (at <= clock.now()) this.#start(id);
    else this.#startIn(id, at - clock.now());
  }

  #startIn(id: string, delayMs: number): void {
    const start = (): void => {
      this.#timers.delete(id);
      this.#start(id);
    };
    this.#timers.set(id, this.#options.clock.setTimer(start, delayMs));
  }

  #start(id: string): void {
    this.#busy.add(id);
    const end = (): void => this.#end(id);
    void this.#inTurn(id, () => this.#checkDue(id)).then(end, (error: unknown) => {
      // Somebody changed it meanwhile.
      if (error instanceof ConflictError || this.#isStopped) return end();
      const { directory, reporter, verificationDelaysMs } = this.#options;
      // Somebody removed it. Until the directory knows, its check would be due again at once.
      if (error instanceof NotFoundError) return void directory.find(id).then(end, end);
      reporter.error(error, `verify endpoint ${id}`);
      this.#busy.delete(id);
      this.#startIn(id, verificationDelaysMs[0] ?? 0);
    });
  }

  /** What changed meanwhile may be due now. */
  #end(id: string): void {
    this.#busy.delete(id);
    const runtime = this.#options.directory.get(id);
    if (runtime !== undefined) this.note(runtime);
  }

  async #inTurn<Result>(id: string, act: () => Promise<Result>): Promise<Result> {
    const { activity, directory } = this.#options;
    const tenant = directory.get(id)?.record.tenant ?? '';
    activity.begin(1);
    try {
      return await this.#turns.take(tenant, act);
    } finally {
      activity.end(1);
    }
  }

  async #checkDue(id: string): Promise<void> {
    if (this.#isStopped) return;
    const { admin, directory, clock } = this.#options;
    const plan = this.#planAt(clock.now());
    let isBegun = false;
    const { record } = await admin.mark(id, (newest) => {
      const begun = beginCheck(newest, plan, directory.put(newest).settings.timeoutMs);
      isBegun = begun !== undefined;
      return begun;
    });
    const runtime = directory.put(record);
    if (isBegun) await this.#check(runtime);
  }

  /**
   * Makes a check now, whatever the state of the endpoint, or joins the one that is under way. Resolves when what came of it is written.
   *
   * @throws NotFoundError
   * @throws OptionsError when the endpoint need not be verified
   * @throws ConflictError when the endpoint was changed meanwhile
   */
  async verify(id: string): Promise<Checked> {
    const { admin, directory } = this.#options;
    return this.#inTurn(id, async () => {
      if (this.#isStopped) throw new StoppedError('verify an endpoint');
      const runtime = directory.put((await admin.getRegistered(id)).record);
      const { verification = false } = runtime.record;
      if (verification === false)
        throw new OptionsError(
          'endpoint.verification',
          `endpoint.verification: endpoint ${id} has nothing to prove. Update it with verification: 'challenge' or 'handshake'.`,
        );
      const checked = await this.#check(runtime);
      if (checked === undefined) throw new StoppedError('finish the verification of an endpoint');
      return checked;
    });
  }

  /** `undefined`: called off by a stop, which may have come while the store was asked. An endpoint is not asked the same twice at a time. */
  #check(runtime: EndpointRuntime): Promise<Checked | undefined> {
    const question = questionOf(runtime.record);
    const underWay = this.#underWay.get(question);
    if (underWay !== undefined) return underWay;
    const checked = this.#checkNow(runtime).finally(() => this.#underWay.delete(question));
    this.#underWay.set(question, checked);
    return checked;
  }

  async #checkNow(runtime: EndpointRuntime): Promise<Checked | undefined> {
    if (this.#isStopped) return undefined;
    const kind = runtime.record.verification === 'handshake' ? 'handshake' : 'challenge';
    const { outcome, durationMs, judge } = await this.#ask(runtime, kind);
    const verdict = judgeOutcome(kind, outcome, judge);
    if (verdict === undefined) return undefined;
    await this.#conclude(runtime, verdict);
    return { verdict, durationMs };
  }

  async #conclude({ record: checked }: EndpointRuntime, verdict: VerificationVerdict): Promise<void> {
    const { admin, reporter, clock, directory } = this.#options;
    const plan = this.#planAt(clock.now());
    let isWritten = false;
    const { record } = await admin.mark(checked.id, (newest) => {
      const concluded = concludeCheck(newest, checked, verdict, plan);
      isWritten = concluded !== undefined;
      return concluded;
    });
    const { ref } = directory.put(record);
    if (isWritten) return reporter.verification(ref, record, verdict);
    if (verdict.verified)
      throw new ConflictError(
        checked.id,
        `Endpoint ${checked.id} was changed while it was verified, so what it answered does not count. Verify it again.`,
      );
  }

  #ask(
    runtime: EndpointRuntime,
    kind: VerificationKind,
  ): Promise<Omit<Checked, 'verdict'> & { readonly outcome: Outcome; readonly judge: Judge }> {
    const {
      judge,
      delivery,
      build,
      runtime: asked,
    } = createVerificationRequest(kind, runtime, this.#options);
    const { clock, transport, tokens } = this.#options;
    const context: AttemptContext = {
      clock,
      transport,
      tokens,
      deadlines: this.#deadlines,
      maxResponseBodyBytes: MAX_ANSWER_BYTES,
      build,
    };
    return new Promise((resolve) => {
      new Attempt(context, delivery, asked, ({ durationMs }, outcome) =>
        resolve({ outcome, durationMs, judge }),
      ).start();
    });
  }

  #planAt(now: number): { readonly delaysMs: readonly number[]; readonly now: number } {
    return { delaysMs: this.#options.verificationDelaysMs, now };
  }

  /** Begins no check any more. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  /** Calls off what is under way. */
  interruptAll(): void {
    for (const attempt of [...this.#deadlines.entries]) attempt.interrupt();
  }
}

type Judge = VerificationRequest['judge'];

/** What of an endpoint decides how a check ends. Not for logs: it has secrets in it. */
function questionOf(record: EndpointRecord): string {
  const { id, createdAt, url, verification, secrets, signatures, headers, computedHeaders, auth, tls } =
    record;
  const { timeoutMs, rateLimit } = record;
  return JSON.stringify([
    ...[id, createdAt, url, verification, secrets, signatures, headers, computedHeaders, auth, tls],
    ...[timeoutMs, rateLimit],
  ]);
}
