/** When the engine runs: opened by the first use, once; closed by `stop`, bounded, whatever store and transport do. */
import { type Clock, steadyClock } from './clock.ts';
import type { AddressPolicy } from './core/address-policy.ts';
import type { ForwardProxy } from './core/forward-proxy.ts';
import type { Engine } from './engine/engine.ts';
import { OrderGate } from './engine/order-gate.ts';
import type { Reporter } from './engine/reporter.ts';
import { closeSafely, within } from './engine/within.ts';
import { StoppedError } from './errors.ts';
import type { Store } from './store/store.ts';
import type { LookupFunction, Transport } from './transport/transport.ts';

export interface EngineHostOptions {
  readonly store: Store;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly addressPolicy: AddressPolicy;
  readonly proxy: ForwardProxy | undefined;
  readonly lookup: LookupFunction | undefined;
  readonly maxConcurrency: number;
  readonly connectTimeoutMs: number;
  readonly resendWithinMs: number;
  readonly closeTimeoutMs: number;
  readonly createEngine: () => Engine;
}

export class EngineHost {
  readonly #options: EngineHostOptions;
  #engine: Engine | undefined;
  #starting: Promise<Engine> | undefined;
  #stopping: Promise<void> | undefined;
  #isStartAbandoned = false;
  /** Rejects for who waits for the start that is under way. */
  #abandon: (() => void) | undefined;
  /** Those that wait for the start come first. */
  readonly #gate = new OrderGate();

  constructor(options: EngineHostOptions) {
    this.#options = options;
  }

  /** The engine, once it runs; still there after a stop. */
  get engine(): Engine | undefined {
    return this.#engine;
  }

  get status(): 'idle' | 'running' | 'stopped' {
    if (this.#stopping !== undefined) return 'stopped';
    return this.#engine === undefined ? 'idle' : 'running';
  }

  /** The running engine, started if need be. @throws StoppedError (rejects) naming the call */
  ready(call: string): Promise<Engine> {
    if (this.#stopping !== undefined) return Promise.reject(new StoppedError(call));
    if (this.#starting === undefined) {
      const starting = this.#startUnlessAbandoned();
      this.#starting = starting;
      // A start that failed may be tried again: the database may be there next time.
      starting.catch(() => {
        if (this.#starting === starting) this.#starting = undefined;
      });
    }
    return this.#starting;
  }

  /** Calls the task once the engine runs, in the order of these calls; at once when it may. @throws StoppedError (rejects) naming the call */
  inTurn<Result>(call: string, task: (engine: Engine) => Promise<Result>): Promise<Result> {
    if (this.#stopping !== undefined) return Promise.reject(new StoppedError(call));
    const starting = this.#engine === undefined ? this.ready(call) : undefined;
    return this.#gate.pass(starting, () => task(this.#engine!));
  }

  /** Idempotent: the first call decides the limit. */
  stop(timeoutMs: number): Promise<void> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  /** A store that never opens ends it only when it is abandoned. */
  #startUnlessAbandoned(): Promise<Engine> {
    return new Promise((resolve, reject) => {
      this.#abandon = () => reject(new StoppedError('start'));
      this.#start().then(resolve, reject);
    });
  }

  async #start(): Promise<Engine> {
    const { store, transport, clock, reporter } = this.#options;
    const { addressPolicy, proxy, lookup, maxConcurrency: maxConnections } = this.#options;
    const { connectTimeoutMs, resendWithinMs } = this.#options;
    const network = {
      addressPolicy,
      maxConnections,
      proxy,
      lookup,
      connectTimeoutMs,
      resendWithinMs,
      clock,
    };
    await store.open({ clock: steadyClock(clock) });
    let engine: Engine | undefined;
    try {
      await transport.open(network);
      engine = this.#options.createEngine();
      await engine.start();
      // A stop that did not wait for this start must not find it running afterwards.
      if (this.#isStartAbandoned) throw new StoppedError('start');
    } catch (error) {
      await engine?.stop(0);
      await this.#close();
      throw error;
    }
    this.#engine = engine;
    const { durable, encrypted } = store.capabilities;
    if (durable && !encrypted) reporter.warnAnyway(unencryptedWarning(store.name), UNENCRYPTED);
    return engine;
  }

  async #stop(timeoutMs: number): Promise<void> {
    // A store that never opens must not keep the host from stopping.
    const starting = this.#starting?.catch(() => undefined);
    this.#isStartAbandoned = !(await within(starting, timeoutMs, this.#options.clock));
    if (this.#isStartAbandoned) this.#abandon?.();
    if (this.#engine === undefined) return;
    // They came before the stop.
    await within(this.#gate.cleared, timeoutMs, this.#options.clock);
    await this.#engine.stop(timeoutMs);
    await this.#close();
  }

  /** Closes both, whatever becomes of one of them, and waits for neither for ever. */
  async #close(): Promise<void> {
    const { clock, reporter, transport, store, closeTimeoutMs: timeoutMs } = this.#options;
    const closing = { clock, reporter, timeoutMs };
    await closeSafely('transport', () => transport.close(), closing);
    await closeSafely('store', () => store.close(), closing);
  }
}

/** Code of the warning below, where it is one of the process. */
const UNENCRYPTED = 'POSTHORN_UNENCRYPTED';

function unencryptedWarning(name: string): string {
  return (
    `The ${name} store keeps the secrets of endpoints unencrypted: whoever can read its data can sign in your name. ` +
    'Give the store the option `encryption`, with a key that is kept elsewhere.'
  );
}
