import assert from 'node:assert/strict';
import type { SuiteCase } from './suite-case.ts';
import { assertFailure, assertResponse, textOf } from './transport-world.ts';

const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';

/** Contract line 4: abort ends an exchange at once, wherever it is. */
export const abortCases: readonly SuiteCase[] = [
  {
    name: 'ends an exchange whose name does not resolve',
    async run(world) {
      const transport = await world.open({ lookup: () => undefined });
      const sent = world.send(transport, 'http://posthorn.test/');
      await nextTurn();
      sent.exchange.abort('timeout');
      assert.equal(sent.results.length, 1);
      assertFailure(sent.results[0]!, 'timeout');
    },
  },
  {
    name: 'ends an exchange in the turn in which it was sent',
    async run(world) {
      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      const sent = world.send(await world.open(), server.url());
      sent.exchange.abort('timeout');
      assert.equal(sent.results.length, 1);
      assertFailure(sent.results[0]!, 'timeout');
    },
  },
  {
    name: 'ends an exchange that waits for an answer, and closes its connection',
    async run(world) {
      const server = await world.serve(() => undefined);
      const sent = world.send(await world.open(), server.url());
      await server.whenRequested(1);
      sent.exchange.abort('timeout');
      assert.equal(sent.results.length, 1);
      assertFailure(sent.results[0]!, 'timeout');
      await server.whenIdle();
    },
  },
  {
    name: 'ends an exchange whose server never reads',
    async run(world) {
      const server = await world.serve(() => undefined, { onConnection: (socket) => socket.pause() });
      const sent = world.send(await world.open(), server.url(), { body: new Uint8Array(8 * 1024 * 1024) });
      await server.whenConnected(1);
      await nextTurn();
      sent.exchange.abort('timeout');
      assertFailure(sent.results[0]!, 'timeout');
    },
  },
  ...Object.entries({
    'a head that drips in': ['HTTP/1.1 200 OK\r\n', 'x: a\r\n'],
    'interim responses without end': ['', 'HTTP/1.1 102 Processing\r\n\r\n'],
  }).map(([what, [first, again]]): SuiteCase => ({
    name: `ends ${what}`,
    async run(world) {
      let writes = 0;
      const server = await world.serve((socket) => {
        socket.write(first!);
        const drip = (): void => {
          if (socket.destroyed) return;
          writes += 1;
          socket.write(again!, () => setImmediate(drip));
        };
        drip();
      });
      const sent = world.send(await world.open(), server.url());
      while (writes < 5) await nextTurn();
      sent.exchange.abort('timeout');
      assertFailure(sent.results[0]!, 'timeout');
      await server.whenIdle();
    },
  })),
  {
    name: 'gives the response when its head was there, with what came of the body',
    async run(world) {
      const server = await world.serve((socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc');
      });
      const transport = await world.open();
      const sent = world.send(transport, server.url());
      await server.whenRequested(1);
      await world.roundTrip(transport);
      assert.equal(sent.results.length, 0);
      sent.exchange.abort('timeout');
      const result = sent.results[0]!;
      assertResponse(result, 200);
      assert.deepEqual([textOf(result), result.bodyComplete, result.bodyTruncated], ['abc', false, false]);
      await server.whenIdle();
    },
  },
  {
    name: 'reports an interruption as a timeout too',
    async run(world) {
      const server = await world.serve(() => undefined);
      const sent = world.send(await world.open(), server.url());
      await server.whenRequested(1);
      sent.exchange.abort('interrupted');
      assertFailure(sent.results[0]!, 'timeout');
    },
  },
  {
    name: 'does nothing a second time, or after the result',
    async run(world) {
      const silent = await world.serve(() => undefined);
      const transport = await world.open({ maxConnections: 1 });
      const aborted = world.send(transport, silent.url());
      await silent.whenRequested(1);
      aborted.exchange.abort('timeout');
      aborted.exchange.abort('timeout');
      aborted.exchange.abort('interrupted');
      assert.equal(aborted.results.length, 1);

      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      const done = world.send(transport, server.url());
      await done.result;
      done.exchange.abort('timeout');
      assert.equal(done.results.length, 1);
      // A late abort must not end the connection that others use.
      assertResponse(await world.send(transport, server.url()).result, 204);
      assert.equal(server.connections, 1);
    },
  },
  {
    name: 'does not send a request that was aborted while it waited for a connection',
    async run(world) {
      const server = await world.serve((socket, _request, index) => {
        if (index > 0) socket.write(NO_CONTENT);
      });
      const transport = await world.open({ maxConnections: 1 });
      const first = world.send(transport, server.url());
      await server.whenRequested(1);
      const second = world.send(transport, server.url(), { body: new TextEncoder().encode('never sent') });
      const third = world.send(transport, server.url());
      second.exchange.abort('timeout');
      assertFailure(second.results[0]!, 'timeout');
      first.exchange.abort('timeout');
      assertResponse(await third.result, 204);
      assert.ok(server.requests.every((request) => !request.includes('never sent')));
    },
  },
  {
    name: 'gives a result that waits to be given',
    async run(world) {
      const transport = await world.open();
      const sent = world.send(transport, 'http://127.0.0.1:9/', { headers: ['expect', 'x'] });
      sent.exchange.abort('timeout');
      assert.equal(sent.results.length, 1);
      assert.notEqual(sent.results[0]!.kind, 'response');
    },
  },
];

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
