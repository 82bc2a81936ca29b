import type { RecordedRequest } from './recorded-request.ts';

/** Characters of a body shown when a wait fails. */
const SHOWN_BODY_LENGTH = 80;

interface Waiter {
  readonly count: number;
  readonly resolve: (requests: readonly RecordedRequest[]) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** What has arrived so far. */
interface Progress {
  /** What has been counted in all. */
  readonly received: number;
  /** The requests that are kept. */
  readonly requests: readonly RecordedRequest[];
}

/** Those who wait for a number of requests, or of something else; woken by {@link RequestWaiters.notify}, never by polling. */
export class RequestWaiters {
  private readonly waiters = new Set<Waiter>();
  private readonly progress: Progress;
  private readonly what: string;

  /**
   * @param progress is read whenever somebody is woken
   * @param what is counted, for the error of a wait that fails
   */
  constructor(progress: Progress, what: string) {
    this.progress = progress;
    this.what = what;
  }

  /** Waits until `count` have been counted in all. */
  wait(count: number, timeoutMs: number): Promise<readonly RecordedRequest[]> {
    if (this.progress.received >= count) return Promise.resolve([...this.progress.requests]);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.fail(waiter, `within ${timeoutMs} ms`), timeoutMs);
      const waiter: Waiter = { count, resolve, reject, timer };
      this.waiters.add(waiter);
    });
  }

  /** Wakes those whose number is reached. */
  notify(): void {
    for (const waiter of this.waiters) {
      if (this.progress.received < waiter.count) continue;
      this.dismiss(waiter);
      waiter.resolve([...this.progress.requests]);
    }
  }

  /** Rejects all who still wait. */
  failAll(when: string): void {
    for (const waiter of this.waiters) this.fail(waiter, when);
  }

  private fail(waiter: Waiter, when: string): void {
    this.dismiss(waiter);
    const { received, requests } = this.progress;
    const listing = requests.map(describeRequest).join('');
    waiter.reject(
      new Error(`Expected ${waiter.count} ${this.what} ${when}, got ${received}${listing && ':'}${listing}`),
    );
  }

  private dismiss(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    this.waiters.delete(waiter);
  }
}

function describeRequest(request: RecordedRequest): string {
  const { index, method, path, body, text } = request;
  const shown = text.length > SHOWN_BODY_LENGTH ? `${text.slice(0, SHOWN_BODY_LENGTH)}…` : text;
  return `\n  #${index} ${method} ${path}, ${body.length} bytes: ${shown}`;
}
