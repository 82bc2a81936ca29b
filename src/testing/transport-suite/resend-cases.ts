import assert from 'node:assert/strict';
import type { FaultName } from '../../listener/faults.ts';
import { createManualClock } from '../manual-clock.ts';
import type { SuiteCase } from './suite-case.ts';
import { assertFailure, assertResponse, type TransportWorld } from './transport-world.ts';

const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';

/** Contract line 1, the exception: what may be sent once more, and what not. */
export const resendCases: readonly SuiteCase[] = [
  ...(['reset_on_reuse', 'close_on_reuse'] as const).flatMap((fault) =>
    [false, true].map((tls): SuiteCase => ({
      name: `sends once more, the same bytes on a fresh connection, after ${fault}${tls ? ' over TLS' : ''}`,
      async run(world) {
        const receiver = await world.play({ fault, tls });
        const transport = await world.open(
          { lookup: receiver.lookup, maxConnections: 1 },
          { ca: receiver.ca },
        );
        assertResponse(await world.send(transport, receiver.url).result, 204);
        const headers = ['webhook-id', 'msg_1', 'webhook-signature', 'v1,abc'];
        const body = new TextEncoder().encode('{"second":true}');
        assertResponse(await world.send(transport, receiver.url, { headers, body }).result, 204);
        const [first, lost, again] = receiver.requests;
        assert.deepEqual([receiver.received, receiver.connections], [3, 2]);
        assert.notEqual(first?.text, again?.text);
        assert.deepEqual([again?.text, again?.path], [lost?.text, lost?.path]);
        for (const name of ['webhook-id', 'webhook-signature'])
          assert.equal(again?.headers[name], lost?.headers[name]);
      },
    })),
  ),
  {
    name: 'sends once more only once',
    async run(world) {
      const server = await world.serve((socket, _request, index) =>
        index === 0 ? socket.write(NO_CONTENT) : socket.resetAndDestroy(),
      );
      const transport = await world.open({ maxConnections: 1 });
      assertResponse(await world.send(transport, server.url()).result, 204);
      assertFailure(await world.send(transport, server.url()).result, 'connection_reset');
      assert.equal(server.requests.length, 3);
    },
  },
  {
    name: 'does not send again what was lost on a fresh connection',
    async run(world) {
      await expectLost(world, 'reset_after_request', { requests: 1 });
      await expectLost(world, 'close_after_request', { requests: 1 });
    },
  },
  {
    name: 'does not send again after any byte came back',
    async run(world) {
      for (const bytes of ['H', 'HTTP/1.1 102 Processing\r\n\r\n']) {
        const server = await world.serve((socket, _request, index) => {
          if (index === 0) socket.write(NO_CONTENT);
          else socket.write(bytes, () => socket.resetAndDestroy());
        });
        const transport = await world.open({ maxConnections: 1 });
        assertResponse(await world.send(transport, server.url()).result, 204);
        assertFailure(await world.send(transport, server.url()).result, 'connection_reset');
        assert.equal(server.requests.length, 2);
      }
    },
  },
  {
    name: 'does not send again when the time for it has passed, or is 0',
    async run(world) {
      const clock = createManualClock();
      const server = await world.serve((socket, _request, index) => {
        if (index % 2 === 0) socket.write(NO_CONTENT);
        else void clock.advance(1_000).then(() => socket.resetAndDestroy());
      });
      for (const resendWithinMs of [1_000, 0]) {
        const transport = await world.open({ maxConnections: 1, clock, resendWithinMs });
        assertResponse(await world.send(transport, server.url()).result, 204);
        assertFailure(await world.send(transport, server.url()).result, 'connection_reset');
        await transport.close();
      }
      assert.equal(server.requests.length, 4);
    },
  },
  {
    name: 'does not send again what was aborted',
    async run(world) {
      const server = await world.serve((socket, _request, index) => {
        if (index === 0) socket.write(NO_CONTENT);
      });
      const transport = await world.open({ maxConnections: 1 });
      assertResponse(await world.send(transport, server.url()).result, 204);
      const sent = world.send(transport, server.url());
      await server.whenRequested(2);
      sent.exchange.abort('timeout');
      assertFailure(await sent.result, 'timeout');
      await world.roundTrip(transport);
      assert.equal(server.requests.length, 2);
    },
  },
];

async function expectLost(
  world: TransportWorld,
  fault: FaultName,
  { requests }: { requests: number },
): Promise<void> {
  const receiver = await world.play({ fault });
  assertFailure(await world.send(await world.open(), receiver.url).result, 'connection_reset');
  assert.equal(receiver.received, requests);
}
