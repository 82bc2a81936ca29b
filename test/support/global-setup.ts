/** Runs once before all tests: what several test files need, and only if one of them asks for it. */
import { type AddressInfo, createServer } from 'node:net';
import type { TestProject } from 'vitest/node';
import { buildWorker } from './built-worker.ts';
import { POSTGRES_VARIABLE, startServers } from './database-servers.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Port that answers with the URL of a PostgreSQL server, or with what could not be done. */
    readonly postgresPort: number;
    readonly workerPort: number;
  }
}

export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  let stopServers: Promise<() => Promise<void>> | undefined;
  const postgres = await answerOnce(async () => {
    stopServers = startServers();
    await stopServers;
    return process.env[POSTGRES_VARIABLE]!;
  });
  const worker = await answerOnce(async () => {
    await buildWorker();
    return 'built';
  });
  provide('postgresPort', postgres.port);
  provide('workerPort', worker.port);
  return async () => {
    postgres.close();
    worker.close();
    await (
      await stopServers
    )?.();
  };
}

/** Does something when it is first asked for, and tells everybody what came of it: test files run in threads of their own. */
async function answerOnce(work: () => Promise<string>): Promise<{ port: number; close: () => void }> {
  let answer: Promise<string> | undefined;
  const server = createServer((socket) => {
    answer ??= work().then(
      (result) => `ok ${result}`,
      (error: unknown) => `error ${String(error)}`,
    );
    void answer.then((text) => socket.end(text));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}
