import { CliError, EXIT_CODE } from './exit-code.ts';
import { READER_GONE } from './terminal.ts';

/**
 * Waits for work, unless the person or somebody else ends the command. Then the work is given up, not undone. A reader who has seen enough
 * ends nothing: what was begun is done all the same.
 *
 * @throws CliError when the command is ended
 */
export function unlessEnded<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      if (signal.reason === READER_GONE) return;
      reject(
        new CliError(EXIT_CODE.interrupted, 'Ended before it was done. What was stored until then stays.'),
      );
    };
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
