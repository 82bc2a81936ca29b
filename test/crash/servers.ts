import { startServers } from '../support/database-servers.ts';

/** Runs with the database servers that can be had, and ends what it started. */
export async function withServers(run: () => Promise<boolean>): Promise<boolean> {
  const stop = await startServers();
  try {
    return await run();
  } finally {
    await stop();
  }
}
