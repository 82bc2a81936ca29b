import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { Order, Reply, Told } from './orders.ts';
import type { RecordedDelivery } from './verdict.ts';

type ReplyTo<Kind extends Order['kind']> = Extract<Reply, { kind: Kind }>;

/** In place of a secret manager: what keeps the key, while the application comes and goes. */
export const STORE_KEY = randomBytes(32).toString('base64');

/** The process of the application, seen from the story. One order at a time. */
export class ApplicationProcess {
  readonly #child: ChildProcess;
  readonly #heard = new EventEmitter();
  #told = 0;
  #finished = 0;

  constructor(folder: string, onTold: (told: Told) => void) {
    this.#child = fork(new URL('./application.ts', import.meta.url), [folder], {
      env: { ...process.env, STORE_KEY },
    });
    this.#child.on('message', (message: Reply | Told) => {
      if (message.kind !== 'told') {
        this.#heard.emit('reply', message);
        return;
      }
      onTold(message);
      this.#told += 1;
      if (message.isFinal) this.#finished += 1;
      this.#heard.emit('told');
    });
  }

  /** Deliveries whose end it told. */
  get finished(): number {
    return this.#finished;
  }

  /** Creates the endpoints; their secrets by id. */
  async createEndpoints(urls: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
    return (await this.#order({ kind: 'create', urls })).secrets;
  }

  /** Resolves when the message is stored. */
  async emit(type: string, data: unknown): Promise<void> {
    await this.#order({ kind: 'emit', type, data });
  }

  async start(): Promise<void> {
    await this.#order({ kind: 'start' });
  }

  async readRecord(): Promise<readonly RecordedDelivery[]> {
    return (await this.#order({ kind: 'record' })).record;
  }

  /** Resolves when it told of so many attempts, or the time is up. */
  async hasTold(count: number, limit: AbortSignal): Promise<void> {
    while (this.#told < count && !limit.aborted) await this.#nextTold(limit);
  }

  /** Resolves when it told the end of so many deliveries, or the time is up. */
  async hasFinished(count: number, limit: AbortSignal): Promise<void> {
    while (this.#finished < count && !limit.aborted) await this.#nextTold(limit);
  }

  /** Ends it as a power cut would: it learns nothing of it. */
  async kill(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    await this.#order({ kind: 'stop' });
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  async #nextTold(signal: AbortSignal): Promise<void> {
    await once(this.#heard, 'told', { signal }).catch(() => {});
  }

  async #order<Kind extends Order['kind']>(order: Order & { kind: Kind }): Promise<ReplyTo<Kind>> {
    const died = new AbortController();
    const onExit = (): void => died.abort(new Error('The process of the application has died.'));
    this.#child.once('exit', onExit);
    try {
      this.#child.send(order);
      const [reply] = (await once(this.#heard, 'reply', { signal: died.signal })) as [ReplyTo<Kind>];
      return reply;
    } finally {
      this.#child.off('exit', onExit);
    }
  }
}
