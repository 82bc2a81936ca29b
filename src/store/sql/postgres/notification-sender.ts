import { systemClock } from '../../../clock.ts';
import type { Statement } from '../script.ts';
import type { ScriptRunner } from '../script-runner.ts';

/** Sends the notifications of many transactions together, each kind once. A hint that cannot be sent is dropped: others look now and then anyway. */
export class NotificationSender {
  readonly #scripts: ScriptRunner;
  readonly #waiting = new Map<string, Statement>();
  #isSending = false;

  constructor(scripts: ScriptRunner) {
    this.#scripts = scripts;
  }

  send(statements: readonly Statement[]): void {
    for (const statement of statements) this.#waiting.set(statement.parameters.join(), statement);
    if (this.#isSending) return;
    this.#isSending = true;
    systemClock.defer(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    try {
      while (this.#waiting.size > 0) {
        const statements = [...this.#waiting.values()];
        this.#waiting.clear();
        await this.#scripts.run(false, function* () {
          for (const statement of statements) yield { ...statement, isAfterCommit: false };
        });
      }
    } catch {
      this.#waiting.clear();
    } finally {
      this.#isSending = false;
    }
  }
}
