/** The program of the service. */
import { startServer } from './server.ts';

const server = await startServer(process.env);
console.log(`listening on ${server.url}, the webhook worker runs`);
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void server.stop().finally(() => process.exit(0)));
