import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Answer, Question, ReceiverPlan, ReceiverReport } from './report.ts';

type AnswerTo<Kind extends Question['kind']> = Extract<Answer, { kind: Kind }>;

/** The process of the receivers, seen from the story. One question at a time. */
export class ReceiverProcess {
  readonly #child: ChildProcess = fork(new URL('./receivers.ts', import.meta.url));

  /** Starts a server for each plan; their URLs by name. */
  async listen(plans: readonly ReceiverPlan[]): Promise<Readonly<Record<string, string>>> {
    return (await this.#ask({ kind: 'listen', plans })).urls;
  }

  /** Gives each receiver the secret it will check requests with. */
  async giveSecrets(secrets: Readonly<Record<string, string>>): Promise<void> {
    await this.#ask({ kind: 'secrets', secrets });
  }

  /** What each of them has counted. */
  async report(): Promise<readonly ReceiverReport[]> {
    return (await this.#ask({ kind: 'report' })).reports;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }

  async #ask<Kind extends Question['kind']>(question: Question & { kind: Kind }): Promise<AnswerTo<Kind>> {
    const died = new AbortController();
    const onExit = (): void => died.abort(new Error('The process of the receivers has died.'));
    this.#child.once('exit', onExit);
    try {
      this.#child.send(question);
      const [answer] = (await once(this.#child, 'message', { signal: died.signal })) as [AnswerTo<Kind>];
      return answer;
    } finally {
      this.#child.off('exit', onExit);
    }
  }
}
