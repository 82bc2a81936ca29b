import assert from 'node:assert/strict';
import type { SuiteCase } from './suite-case.ts';
import { assertResponse } from './transport-world.ts';

const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';

/** Contract line 6: after close, no socket is left. */
export const closeCases: readonly SuiteCase[] = [
  {
    name: 'ends idle connections',
    async run(world) {
      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      const transport = await world.open();
      const sent = [1, 2, 3].map(() => world.send(transport, server.url()));
      for (const { result } of sent) assertResponse(await result, 204);
      assert.ok(server.openConnections > 0);
      await transport.close();
      await server.whenIdle();
    },
  },
  {
    name: 'ends connections in use, and their exchanges with them',
    async run(world) {
      const server = await world.serve(() => undefined);
      const transport = await world.open();
      const sent = world.send(transport, server.url());
      await server.whenRequested(1);
      await transport.close();
      await server.whenIdle();
      assert.notEqual((await sent.result).kind, 'response');
    },
  },
  {
    name: 'gives up connections that are being made',
    async run(world) {
      let asked!: () => void;
      const wasAsked = new Promise<void>((resolve) => (asked = resolve));
      const transport = await world.open({ lookup: () => asked() });
      const sent = world.send(transport, 'http://posthorn.test/');
      await wasAsked;
      await transport.close();
      assert.notEqual((await sent.result).kind, 'response');
    },
  },
  {
    name: 'can be called again, and before anything was sent',
    async run(world) {
      const transport = await world.open();
      await transport.close();
      await transport.close();
    },
  },
];
