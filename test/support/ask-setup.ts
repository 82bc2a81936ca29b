import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { inject } from 'vitest';

/** Asks the set-up of this run for something that is made once, and waits until it is. */
export async function askSetup(what: 'postgresPort' | 'workerPort'): Promise<string> {
  const answer = await text(connect(inject(what), '127.0.0.1'));
  if (answer.startsWith('ok ')) return answer.slice('ok '.length);
  throw new Error(`The set-up of the tests failed: ${answer}`);
}

/** The server that the environment names, or one that this run starts. */
export function postgresUrl(): Promise<string> {
  return askSetup('postgresPort');
}
