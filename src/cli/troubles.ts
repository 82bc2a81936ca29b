import { describeError } from '../errors.ts';
import type { Logger } from '../lifecycle-events.ts';
import type { FileStoreLogger } from '../store/file/index.ts';
import { printable } from './output/printable.ts';
import type { Terminal } from './terminal.ts';

const silent = (): void => undefined;

/** What a store found when it was opened, or since. */
export interface StoreTrouble {
  /** Something is lost, or has to be repaired; otherwise it is only worth a word. */
  readonly isHarm: boolean;
  readonly message: string;
}

/**
 * What the dispatcher of a command logs as an error, and what its store does. Answers say what happened; only trouble is told besides, and once.
 */
export class Troubles {
  readonly logger: Logger = {
    debug: silent,
    info: silent,
    warn: silent,
    error: (_fields: object, message: string) => void this.#messages.add(message),
  };
  readonly storeLogger: FileStoreLogger = {
    warn: (_fields, message) => void this.#ofStore.push({ isHarm: false, message }),
    error: (_fields, message) => void this.#ofStore.push({ isHarm: true, message }),
  };
  readonly #messages = new Set<string>();
  #ofStore: StoreTrouble[] = [];

  /** For an answer that says it: it is not told besides. */
  takeOfStore(): readonly StoreTrouble[] {
    const taken = this.#ofStore;
    this.#ofStore = [];
    return taken;
  }

  /** @param failure what the command ends with and tells by itself, if it fails */
  tell(terminal: Terminal, failure: unknown): void {
    const told = new Set(failure === undefined ? [] : [firstSentence(describeError(failure))]);
    for (const message of [...this.#messages, ...this.takeOfStore().map((trouble) => trouble.message)]) {
      if (told.has(firstSentence(message))) continue;
      told.add(firstSentence(message));
      terminal.tell(`posthorn: ${printable(message)}`);
    }
    this.#messages.clear();
  }
}

/** Of a mistake in a file both say first where and what it is, then each what follows for whom it speaks to. */
export function firstSentence(message: string): string {
  return message.split(/[.?] /, 1)[0]!;
}
