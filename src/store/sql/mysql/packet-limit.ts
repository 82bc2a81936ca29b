import type { Script, Statement, StatementResult } from '../script.ts';
import type { ScriptRunner } from '../script-runner.ts';
import { PacketTooLargeError } from '../trouble.ts';
import { checkMysqlSettings, type SendingStyle } from './mysql-settings.ts';

/** Scripts, and how their connections are looked at before. */
export interface CheckedScripts {
  readonly scripts: ScriptRunner;
  readonly check: () => Script<void>;
}

/** Scripts whose statements are refused when the server would not take them, by what `check` has learnt of it. */
export function withPacketLimit(inner: ScriptRunner, style: SendingStyle): CheckedScripts {
  const scripts = new PacketLimitedRunner(inner);
  return {
    scripts,
    *check() {
      scripts.maxPacketBytes = (yield* checkMysqlSettings(style)).maxPacketBytes;
    },
  };
}

/** A server ends the connection where a packet is too large: seen from here that is often a lost one, which is worth another try. */
class PacketLimitedRunner implements ScriptRunner {
  maxPacketBytes = Infinity;
  readonly #inner: ScriptRunner;

  constructor(inner: ScriptRunner) {
    this.#inner = inner;
  }

  run<T>(isTransaction: boolean, begin: () => Script<T>): Promise<T> {
    return this.#inner.run(isTransaction, () => this.#limit(begin()));
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  *#limit<T>(script: Script<T>): Script<T> {
    let step = script.next();
    while (step.done !== true) {
      let result: StatementResult;
      try {
        this.#checkSize(step.value);
        result = yield step.value;
      } catch (error) {
        step = script.throw(error);
        continue;
      }
      step = script.next(result);
    }
    return step.value;
  }

  #checkSize({ parameters }: Statement): void {
    let bytes = 0;
    for (const value of parameters)
      // A UTF-16 unit is at most 3 bytes of UTF-8: most texts need no counting.
      if (typeof value === 'string' && value.length * 3 * parameters.length > this.maxPacketBytes)
        bytes += Buffer.byteLength(value);
    if (bytes > this.maxPacketBytes) throw new PacketTooLargeError(bytes, this.maxPacketBytes);
  }
}
