import { SilentServer } from '../backlog/silent-server.ts';
import { FAILING, type IsolationMode, SILENT } from './endpoints.ts';
import { FailingServer } from './failing-server.ts';

/** Attempts that the silent endpoint has in flight without a breaker: its `concurrency`, by default. */
const SILENT_IN_FLIGHT = 10;

/** The receivers of the two bad endpoints; each contender has a path of its own. */
export class BadServers implements AsyncDisposable {
  readonly #silent: SilentServer;
  readonly #failing: FailingServer;

  private constructor(silent: SilentServer, failing: FailingServer) {
    this.#silent = silent;
    this.#failing = failing;
  }

  static async start(): Promise<BadServers> {
    return new BadServers(await SilentServer.start(), await FailingServer.start());
  }

  urlsFor(mode: IsolationMode): { silentUrl: string; failingUrl: string } {
    return { silentUrl: `${this.#silent.url}/${mode}`, failingUrl: `${this.#failing.url}/${mode}` };
  }

  /** How often the failing one has failed. */
  failures(mode: IsolationMode): number {
    return this.#failing.requests(`/${mode}`);
  }

  /** Makes sure that the contender has the trouble that is to be measured. @throws Error when it has not */
  async expectInUse(mode: IsolationMode, openBreakers: readonly string[]): Promise<void> {
    const expected = mode === 'breaker' ? [SILENT, FAILING] : [];
    if (openBreakers.join() !== expected.join())
      throw new Error(
        `${mode}: expected open breakers of ${expected.join() || 'none'}, got ${openBreakers.join() || 'none'}`,
      );
    if (mode === 'no-breaker') await this.#silent.whenInFlight(`/${mode}`, SILENT_IN_FLIGHT);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#silent[Symbol.asyncDispose]();
    await this.#failing[Symbol.asyncDispose]();
  }
}
