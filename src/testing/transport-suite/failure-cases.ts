import assert from 'node:assert/strict';
import type { LookupFunction } from '../../transport/transport.ts';
import { HeldPort } from '../../listener/held-port.ts';
import type { SuiteCase } from './suite-case.ts';
import { assertFailure, assertResponse } from './transport-world.ts';

/** How trouble of the connection is named. */
export const failureCases: readonly SuiteCase[] = [
  {
    name: 'names a refused connection',
    async run(world) {
      await using held = await HeldPort.take();
      assertFailure(await world.send(await world.open(), held.url).result, 'connection_refused');
    },
  },
  {
    name: 'names a failed resolution of a name, however it fails',
    async run(world) {
      const failing = (code: string): LookupFunction => {
        return (_name, _options, answer) => answer(Object.assign(new Error('no'), { code }), []);
      };
      const throwing: LookupFunction = () => {
        throw new Error('broken resolver');
      };
      for (const lookup of [failing('ENOTFOUND'), failing('EAI_AGAIN'), failing('ESERVFAIL'), throwing]) {
        assertFailure(await world.send(await world.open({ lookup }), 'http://gone.test/').result, 'dns');
      }
    },
  },
  ...Object.entries({
    'when it is made': { onConnection: true },
    'when the request was read': { onConnection: false },
  }).flatMap(([when, { onConnection }]) =>
    (['end', 'reset'] as const).map((how): SuiteCase => ({
      name: `names a connection lost by ${how} ${when}`,
      async run(world) {
        const drop = (socket: { end(): void; resetAndDestroy(): void }): void => {
          if (how === 'end') socket.end();
          else socket.resetAndDestroy();
        };
        const server = await world.serve(drop, onConnection ? { onConnection: drop } : {});
        assertFailure(await world.send(await world.open(), server.url()).result, 'connection_reset');
      },
    })),
  ),
  {
    name: 'opens a new connection when a kept one was closed meanwhile',
    async run(world) {
      const server = await world.serve((socket) =>
        socket.write('HTTP/1.1 204 No Content\r\n\r\n', () => socket.end()),
      );
      const transport = await world.open();
      for (let round = 1; round <= 3; round += 1) {
        assertResponse(await world.send(transport, server.url()).result, 204);
        await server.whenIdle();
        assert.equal(server.connections, round);
      }
    },
  },
  {
    name: 'gives up a connection that is not established in time',
    async run(world) {
      // A server keeps the event loop alive, which neither such a lookup nor the timer of the connection does.
      const server = await world.serve(() => undefined);
      const transport = await world.open({ lookup: () => undefined, connectTimeoutMs: 50 });
      assertFailure(await world.send(transport, server.url('posthorn.test')).result, 'timeout');
    },
  },
];
