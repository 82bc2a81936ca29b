/** What is around the command: streams, environment, a person or a script. The only place of `cli/` that touches the process. */
import { createInterface } from 'node:readline/promises';
import { EXIT_CODE, type ExitCode } from './exit-code.ts';

/** Why a command is ended: whoever reads what it prints has seen enough, `posthorn list | head`. */
export const READER_GONE: Error = new Error('The reader is gone.');

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The current folder. */
  readonly folder: string;
  /** A person sees what is printed, and can answer. */
  readonly isInteractive: boolean;
  /** What is printed goes to a terminal. */
  readonly isTerminal: boolean;
  /**
   * Aborted when the person ends the command (Ctrl-C), or somebody asks the process to end; with {@link READER_GONE} when nobody reads
   * what is printed.
   */
  readonly signal: AbortSignal;
  print(text: string): void;
  /** To the stream of errors: what is not part of the answer. */
  tell(text: string): void;
  /** Shows a line that the next one replaces; nothing where there is no terminal. */
  showProgress(line: string): void;
  ask(question: string): Promise<string>;
  readInput(): Promise<string>;
  /** The same as bytes, for what may be no text. */
  readInputBytes(): Promise<Buffer>;
}

const CLEAR_LINE = '\r\u001b[K';

export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort());
  // Whoever reads may have seen enough: `posthorn list | head`.
  for (const stream of [stdout, stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') return ending.abort(READER_GONE);
      if (stream === stdout) stderr.write(`posthorn: cannot write: ${error.message}\n`);
      process.exit(EXIT_CODE.unavailable);
    });
  let isLineOpen = false;
  const closeLine = (): void => {
    if (isLineOpen) stderr.write(CLEAR_LINE);
    isLineOpen = false;
  };
  return {
    env: process.env,
    folder: process.cwd(),
    isInteractive: stdin.isTTY && stdout.isTTY,
    isTerminal: stdout.isTTY,
    signal: ending.signal,
    print(text) {
      closeLine();
      stdout.write(`${text}\n`);
    },
    tell(text) {
      closeLine();
      stderr.write(`${text}\n`);
    },
    showProgress(line) {
      if (!stderr.isTTY) return;
      stderr.write(`${CLEAR_LINE}${line}`);
      isLineOpen = true;
    },
    async ask(question) {
      closeLine();
      const lines = createInterface({ input: stdin, output: stderr });
      try {
        return await lines.question(question, { signal: ending.signal });
      } finally {
        lines.close();
      }
    },
    async readInput() {
      return (await readAll(stdin)).toString('utf8');
    },
    readInputBytes: () => readAll(stdin),
  };
}

/**
 * Ends the process when all is written. What is still there does not keep it: an answer that is no longer awaited, a timer or a pool of the
 * application whose options were loaded.
 */
export async function endProcess(exitCode: ExitCode): Promise<void> {
  process.exitCode = exitCode;
  const { stdout, stderr } = process;
  await Promise.all(
    [stdout, stderr].map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))),
  );
  process.exit();
}

async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
