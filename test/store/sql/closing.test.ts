import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { postgresUrl } from '../../support/ask-setup.ts';
import { runProgram } from '../../support/child.ts';
import { uniqueName } from '../../support/sql-stores.ts';

/** Several times: what is left of a connection when it is closed is a matter of moments. */
const TIMES = 8;

const program = (url: string, schema: string): string => `
  import { systemClock } from './src/clock.ts';
  import { sqlStore } from './src/store/sql/index.ts';
  for (let time = 1; time <= ${TIMES}; time += 1) {
    const store = sqlStore(${JSON.stringify(url)}, { schema: ${JSON.stringify(schema)} });
    await store.open({ clock: systemClock });
    await Promise.all(Array.from({ length: 8 }, () => store.settings.put({ key: 'of-test', value: String(time) })));
    await store.close();
    console.log('closed', time);
  }`;

describe('a store on PostgreSQL that connects by itself', () => {
  it('lets go on who waits until it is closed, though its connections keep no process alive', async ({
    signal,
  }) => {
    const url = await postgresUrl();
    const schema = uniqueName();
    const admin = new pg.Client(url);
    await admin.connect();
    await admin.query(`create schema ${schema}`);
    const { code, stdout } = await runProgram(program(url, schema), signal);
    await admin.query(`drop schema ${schema} cascade`);
    await admin.end();
    expect({ code, closed: stdout.trim().split('\n') }).toEqual({
      code: 0,
      closed: Array.from({ length: TIMES }, (_, index) => `closed ${index + 1}`),
    });
  });
});
