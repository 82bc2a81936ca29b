/**
 * The switch for everything, kept in the store so that it outlives the process and holds for all that share the store.
 * What this process asks for is written first and then applied; what others write is heard of through `store.watch`.
 */
import { readSwitchState, type SwitchState, writeSwitchState } from '../core/switch-state.ts';
import type { ChangeReads } from './change-reads.ts';
import type { EngineContext } from './engine-context.ts';

/** Name of the setting in the store. */
export const SWITCH_KEY = 'switch';

export interface SwitchOptions extends Pick<EngineContext, 'store' | 'reporter'> {
  readonly changes: ChangeReads;
  /** Called after each change, with the state that holds from now on. */
  readonly onChange: (state: SwitchState) => void | Promise<void>;
}

export class Switch {
  readonly #options: SwitchOptions;
  #state: SwitchState;
  #last: Promise<void> = Promise.resolve();
  /** Somebody wrote it, and no reading has begun since. */
  #isOutdated = false;
  #isRefreshing = false;

  constructor(options: SwitchOptions) {
    this.#options = options;
  }

  /** Undefined while everything runs. */
  get state(): SwitchState {
    return this.#state;
  }

  get discards(): boolean {
    return this.#state?.whilePaused === 'discard';
  }

  /** Reads it for the first time. A store that does not answer stops the start, as for endpoints. */
  load(): Promise<void> {
    return this.#inTurn(() => this.#readAndApply());
  }

  set(state: SwitchState): Promise<void> {
    return this.#inTurn(async () => {
      await this.#options.store.settings.put({ key: SWITCH_KEY, value: writeSwitchState(state) });
      await this.#apply(state);
    });
  }

  /** Somebody wrote it: reads it again, until the store answers. */
  refresh(): void {
    this.#isOutdated = true;
    if (this.#isRefreshing) return;
    this.#isRefreshing = true;
    this.#options.changes.follow(this.#readUntilCurrent());
  }

  async #readUntilCurrent(): Promise<boolean> {
    const read = (): Promise<void> => {
      this.#isOutdated = false;
      return this.#readAndApply();
    };
    let isRead = true;
    while (this.#isOutdated && isRead)
      isRead = await this.#options.changes.untilAnswered('read whether the dispatcher is paused', () =>
        this.#inTurn(read),
      );
    this.#isRefreshing = false;
    return isRead;
  }

  /** One after the other: what was read before a change must not be applied after it. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #readAndApply(): Promise<void> {
    await this.#apply(await this.#read());
  }

  /** What cannot be read holds everything: sending against somebody's will cannot be undone, waiting can. */
  async #read(): Promise<SwitchState> {
    const text = await this.#options.store.settings.get({ key: SWITCH_KEY });
    try {
      return readSwitchState(text);
    } catch (error) {
      this.#options.reporter.error(error, 'read the switch');
      return { whilePaused: 'hold' };
    }
  }

  async #apply(state: SwitchState): Promise<void> {
    const before = this.#state;
    this.#state = state;
    if (before?.whilePaused === state?.whilePaused) return;
    await this.#options.onChange(state);
    this.#options.reporter.switched(state);
  }
}
