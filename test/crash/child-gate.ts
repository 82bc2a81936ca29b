/** The child's side of a round: it says what it reached, and waits where it was told to. */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const STDOUT = 1;
/** Begins the word that names a file. */
export const AT = 'at ';

export class Gate {
  readonly #lines = createInterface({ input: process.stdin });
  #isArmed = false;
  #isReached = false;

  /** The parent knows that the window is about to open. */
  get isArmed(): boolean {
    return this.#isArmed;
  }

  /** Tells the parent, and waits for its answer. */
  async arm(): Promise<void> {
    await this.ask('armed');
    this.#isArmed = true;
  }

  /** Opens the window without asking: nothing on the parent's side hangs on it. */
  armAtOnce(): void {
    this.#isArmed = true;
  }

  /** The process is inside the window. Only the first call counts. @param file - the file that it is at */
  reach(file?: string): void {
    if (this.#isReached) return;
    this.#isReached = true;
    if (file !== undefined) say(`${AT}${file}`);
    say('reached');
  }

  async ask(question: string): Promise<void> {
    const answer = new Promise((resolve) => this.#lines.once('line', resolve));
    say(question);
    await answer;
  }

  /** Ends the reading, so that the process can end. */
  close(): void {
    this.#lines.close();
    process.stdin.destroy();
  }
}

/** Says a word to the parent, at once. */
export function say(word: string): void {
  writeSync(STDOUT, `${word}\n`);
}

/** Never goes on. */
export const forever = (): Promise<never> => new Promise(() => {});
