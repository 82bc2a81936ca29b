/**
 * Tells the host of trouble, and is the one way to its listeners and its logger: a payload is built only when somebody
 * listens, and nothing they do can hurt the engine.
 */
import type { Clock } from '../clock.ts';
import { callSafely } from '../core/call-safely.ts';
import { describeError, type ErrorCode, FunctionError, PosthornError, StoreError } from '../errors.ts';
import type { LifecycleEventName, LifecycleEvents, Logger } from '../lifecycle-events.ts';
import type { StoreProblem } from '../store/store.ts';
import type { LifecycleEmitter } from './lifecycle-emitter.ts';
import { warnProcess } from './process-warning.ts';

const CALLER_MISTAKES: ReadonlySet<ErrorCode> = new Set([
  'invalid_option',
  'invalid_payload',
  'conflict',
  'not_found',
]);

export interface TroubleReporterOptions {
  readonly emitter: LifecycleEmitter;
  readonly logger: Logger | undefined;
  readonly clock: Clock;
}

export class TroubleReporter {
  protected readonly clock: Clock;
  readonly #emitter: LifecycleEmitter;
  readonly #logger: Logger | undefined;
  #lastError: { at: number; message: string } | undefined;
  #storeProblem: { at: number; message: string } | undefined;

  constructor({ emitter, logger, clock }: TroubleReporterOptions) {
    this.clock = clock;
    this.#emitter = emitter;
    this.#logger = logger;
  }

  get lastError(): { readonly at: number; readonly message: string } | undefined {
    return this.#lastError;
  }

  /** What a person must repair in the store. */
  get storeProblem(): { readonly at: number; readonly message: string } | undefined {
    return this.#storeProblem;
  }

  /** The store tells of a problem, or that the one that lasted is over. */
  storeTold(problem: StoreProblem | undefined): void {
    if (problem?.lasts === false) return this.warn(problem.message);
    if (problem === undefined) {
      this.#storeProblem = undefined;
      return this.log('info', () => [{}, 'the problem of the store is over']);
    }
    const { message, code } = problem;
    this.#storeProblem = { at: this.clock.now(), message };
    this.error(new StoreError(message, { code }), 'use the store');
  }

  /** Something the host should know of that is no error. */
  warn(message: string): void {
    this.log('warn', () => [{}, message]);
  }

  /** The same, for what nobody may miss: without a logger it is a warning of the process, under this code. */
  warnAnyway(message: string, code: string): void {
    if (this.#logger === undefined) warnProcess(message, code);
    else this.warn(message);
  }

  /** A function registered under `functions` threw. */
  functionFailed(error: unknown, what: string): void {
    this.error(new FunctionError(what, error), what);
  }

  /** An emit or a replay was refused. Its caller knows, if it awaits it; a mistake of the caller is no trouble of the dispatcher. */
  emitFailed(error: unknown, what: 'emit' | 'replay' = 'emit'): void {
    if (!(error instanceof PosthornError) || !CALLER_MISTAKES.has(error.code)) return this.error(error, what);
    this.emit('error', () => ({ at: this.clock.now(), error }));
    this.log('warn', () => [{ err: error, code: error.code }, error.message]);
  }

  /** Trouble that no caller can be told of. */
  error(error: unknown, what: string): void {
    const wrapped =
      error instanceof PosthornError
        ? error
        : new StoreError(`Could not ${what}: ${describeError(error)}`, { cause: error });
    this.#lastError = { at: this.clock.now(), message: wrapped.message };
    this.emit('error', () => ({ at: this.clock.now(), error: wrapped }));
    this.log('error', () => [{ err: wrapped, code: wrapped.code }, wrapped.message]);
  }

  /** A listener failed. One of `error` is only logged: reporting it as an `error` event would go round for ever. */
  listenerFailed(error: PosthornError, isErrorListener: boolean): void {
    if (!isErrorListener) this.error(error, 'call a listener');
    else this.log('error', () => [{ err: error, code: error.code }, error.message]);
  }

  protected emit<Name extends LifecycleEventName>(name: Name, build: () => LifecycleEvents[Name]): void {
    if (this.#emitter.hasListeners(name)) this.#emitter.emit(name, build());
  }

  protected log(level: keyof Logger, build: () => [object, string]): void {
    const logger = this.#logger;
    if (logger !== undefined) callSafely(() => logger[level](...build()));
  }
}
