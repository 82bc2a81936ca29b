import assert from 'node:assert/strict';
import type { SuiteCase } from './suite-case.ts';
import { assertResponse, textOf } from './transport-world.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Contract line 3: an answer that nobody asked for answers no later request. */
export const strayAnswerCases: readonly SuiteCase[] = [
  ...Object.entries({
    'more bytes than announced': `${OK}stray`,
    'two responses for one request': `${OK}HTTP/1.1 500 Stale\r\ncontent-length: 5\r\n\r\nstale`,
  }).map(([what, answer]): SuiteCase => ({
    name: `does not take ${what} for the next answer`,
    async run(world) {
      const server = await world.serve((socket, _request, index) => socket.write(index === 0 ? answer : OK));
      const transport = await world.open({ maxConnections: 1 });
      for (let round = 0; round < 2; round += 1) {
        const result = await world.send(transport, server.url()).result;
        assertResponse(result, 200);
        assert.equal(textOf(result), 'ok');
      }
      assert.equal(server.connections, 2);
    },
  })),
  {
    name: 'does not take an answer that came before the request',
    async run(world) {
      const server = await world.serve((socket) => socket.write(OK), {
        onConnection: (socket) => {
          if (server.connections === 1) socket.write('HTTP/1.1 500 Stale\r\ncontent-length: 5\r\n\r\nstale');
        },
      });
      const transport = await world.open({ maxConnections: 1 });
      // Whether the first request meets the unasked answer is a race; the second has a clean connection.
      await world.send(transport, server.url()).result;
      const result = await world.send(transport, server.url()).result;
      assertResponse(result, 200);
      assert.equal(textOf(result), 'ok');
    },
  },
];
