import { describeError } from '../errors.ts';
import type { Logger } from '../lifecycle-events.ts';
import { printable } from './output/printable.ts';
import type { Terminal } from './terminal.ts';

const silent = (): void => undefined;

/** What the dispatcher of a command logs as an error. Answers say what happened; only trouble is told besides, and once. */
export class Troubles {
  readonly logger: Logger = {
    debug: silent,
    info: silent,
    warn: silent,
    error: (_fields: object, message: string) => void this.#messages.add(message),
  };
  readonly #messages = new Set<string>();

  /** @param failure what the command ends with and tells by itself, if it fails */
  tell(terminal: Terminal, failure: unknown): void {
    const told = failure === undefined ? undefined : firstSentence(describeError(failure));
    for (const message of this.#messages)
      if (firstSentence(message) !== told) terminal.tell(`posthorn: ${printable(message)}`);
    this.#messages.clear();
  }
}

/** Of a mistake in a file both say first where and what it is, then each what follows for whom it speaks to. */
function firstSentence(message: string): string {
  return message.split(/[.?] /, 1)[0]!;
}
