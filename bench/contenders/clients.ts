import ky, { type Options as KyOptions } from 'ky';
import { Agent, type Dispatcher, Pool } from 'undici';
import type { Target } from './job.ts';

/** HTTP clients that are measured by themselves. */
export const CLIENT_NAMES = ['undici.request', 'undici.dispatch', 'ky'] as const;
export type ClientName = (typeof CLIENT_NAMES)[number];

/** Posts, and resolves with the status of the answer once that was read. Rejects when there is none. */
export type Post = (headers: Record<string, string>, body: string) => Promise<number>;

/** Each client over as many sockets as it may have, without a deadline. */
const CLIENTS: Readonly<Record<ClientName, (target: Target, path: string) => Post>> = {
  'undici.request': (target, path) => {
    const pool = createPool(target);
    return async (headers, body) => {
      const response = await pool.request({ method: 'POST', path, headers, body });
      await response.body.dump();
      return response.statusCode;
    };
  },
  'undici.dispatch': (target, path) => {
    const pool = createPool(target);
    return (headers, body) =>
      new Promise((resolve, reject) => {
        const flat: string[] = [];
        for (const name in headers) flat.push(name, headers[name]!);
        pool.dispatch({ method: 'POST', path, headers: flat, body }, new StatusHandler(resolve, reject));
      });
  },
  ky: ({ url, sockets }, path) => {
    const dispatcher = new Agent({ connections: sockets, pipelining: 1 });
    const settings = { retry: 0, timeout: false, throwHttpErrors: false, redirect: 'manual' } as const;
    return async (headers, body) => {
      // Node's types of fetch know the dispatcher of another release of undici.
      const options: KyOptions = { ...settings, headers, body, dispatcher: dispatcher as never };
      const response = await ky.post(`${url}${path}`, options);
      await response.arrayBuffer();
      return response.status;
    };
  },
};

/** Waits for the end of an answer, and drops its body. */
class StatusHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (status: number) => void;
  readonly #reject: (error: Error) => void;
  #status = 0;

  constructor(resolve: (status: number) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    this.#resolve(this.#status);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error);
  }
}

/** A client at work for one target. */
export function createPost(client: ClientName, target: Target, path: string): Post {
  return CLIENTS[client](target, path);
}

function createPool({ url, sockets }: Target): Pool {
  return new Pool(url, { connections: sockets, pipelining: 1 });
}
