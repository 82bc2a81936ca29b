/** What a command prints: for people, or with `--json` for scripts. */
import { styleText } from 'node:util';
import type { Terminal } from '../terminal.ts';

/** What is shown in which colour. */
export type Tone = 'good' | 'bad' | 'dim' | 'strong';

export interface Output {
  readonly isJson: boolean;
  /** The answer: the value itself for scripts, what `describe` makes of it for people. */
  answer(value: unknown, describe: () => string): void;
  /** One of the answers of a command that has many, as they come: for scripts a line each. */
  entry(value: unknown, describe: () => string): void;
  /** A line beside the answer, for people alone. */
  note(line: string): void;
  /** A text in a colour, where there are colours. */
  tone(tone: Tone, text: string): string;
}

const STYLES = { good: 'green', bad: 'red', dim: 'dim', strong: 'bold' } as const;

export interface OutputFlags {
  readonly json?: boolean | undefined;
  /** False: `--no-color`. */
  readonly color?: boolean | undefined;
}

export function createOutput(terminal: Terminal, { json = false, color = true }: OutputFlags): Output {
  const { NO_COLOR: noColor } = terminal.env;
  const hasColors = !json && color && terminal.isTerminal && (noColor === undefined || noColor === '');
  return {
    isJson: json,
    answer: (value, describe) => terminal.print(json ? toJson(value, 2) : describe()),
    entry: (value, describe) => terminal.print(json ? toJson(value, 0) : describe()),
    note(line) {
      if (!json) terminal.tell(line);
    },
    tone: (tone, text) => (hasColors ? styleText(STYLES[tone], text, { validateStream: false }) : text),
  };
}

/** JSON escapes no control characters above 7f, which terminals may obey. */
function toJson(value: unknown, spaces: number): string {
  return JSON.stringify(value, undefined, spaces).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
