/** The side of the bench process: starts a measured process and calls its actions. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Actions, CallAnswer, CallRequest } from './serve-actions.ts';

/** A process with actions. Disposing of it ends it. */
export interface MeasuredProcess<Served extends Actions> extends AsyncDisposable {
  call<Name extends keyof Served & string>(
    action: Name,
    params: Parameters<Served[Name]>[0],
  ): Promise<Awaited<ReturnType<Served[Name]>>>;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** No call takes nearly as long; one that does hangs. */
const CALL_TIMEOUT_MS = 600_000;

/**
 * @param path a built program that calls `serveActions`
 * @param profileDirectory where a CPU profile of its whole life goes
 */
export function startProcess<Served extends Actions>(
  path: string,
  profileDirectory?: string,
): MeasuredProcess<Served> {
  const profiling =
    profileDirectory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
  // Loaders of this process are not passed on; what it prints must not mix with the result. Nothing here is secret.
  const execArgv = ['--disable-warning=POSTHORN_UNENCRYPTED', ...profiling];
  const child = fork(path, [], { execArgv, stdio: ['ignore', 2, 2, 'ipc'] });
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  child.on('message', ({ call, result, error }: CallAnswer) => {
    const { resolve, reject } = waiting.get(call)!;
    waiting.delete(call);
    if (error === undefined) resolve(result);
    else reject(new Error(`${path}: ${error}`));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${path} ended early (${code ?? signal})`));
    waiting.clear();
  });
  return {
    call: async (action, params) => {
      const call = (calls += 1);
      const answered = new Promise<unknown>((resolve, reject) => waiting.set(call, { resolve, reject }));
      const timer = setTimeout(() => waiting.get(call)?.reject(hangs(path, action)), CALL_TIMEOUT_MS);
      child.send({ call, action, params } satisfies CallRequest);
      return (await answered.finally(() => clearTimeout(timer))) as never;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

function hangs(path: string, action: string): Error {
  return new Error(`${path}: ${action} did not end within ${CALL_TIMEOUT_MS} ms`);
}
