/** How the command ends, for scripts. `docs/reference/cli.md` has the same list. */
export const EXIT_CODE = {
  /** It did what it was asked. */
  done: 0,
  /** It did, and the answer is no: a test that was not delivered, a signature that does not fit, a doctor who found something. */
  answerIsNo: 1,
  /** Wrong use: a command, an option or a value. Nothing was done. */
  wrongUse: 2,
  /** There is nothing with this id. */
  notFound: 3,
  /** Refused: by the API, by who was asked, or because somebody else was faster. */
  refused: 4,
  /** The store or the API cannot be reached, or failed. */
  unavailable: 5,
  /** Ended from outside, by Ctrl-C or a signal, before it was done. */
  interrupted: 130,
} as const;

/** One of the numbers above. */
export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE];

/** Ends the command with a message for the person who gave it. */
export class CliError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}
