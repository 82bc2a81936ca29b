import assert from 'node:assert/strict';
import { createAddressPolicy } from '../../core/address-policy.ts';
import type { LookupFunction } from '../../transport/transport.ts';
import type { SuiteCase } from './suite-case.ts';
import { assertFailure, assertResponse, type TransportWorld } from './transport-world.ts';

const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';
const PUBLIC = { address: '93.184.216.34', family: 4 };
const LOOPBACK = { address: '127.0.0.1', family: 4 };

/** The default policy, under which every server of this machine is out of reach. */
const STRICT = { addressPolicy: createAddressPolicy({ allowPrivate: [] }) };

/** Contract line 5: no connection to a refused address, counted where connections arrive. */
export const guardCases: readonly SuiteCase[] = [
  {
    name: 'opens no connection to a refused literal, in any spelling',
    async run(world) {
      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      const transport = await world.open(STRICT);
      const hosts = [
        '127.0.0.1',
        '2130706433',
        '0x7f.1',
        '0177.0.0.1',
        '127.1',
        '0',
        '[::1]',
        '[::ffff:127.0.0.1]',
        '[::7f00:1]',
        '[::]',
      ];
      for (const host of hosts) {
        assertFailure(await world.send(transport, server.url(host)).result, 'blocked');
        assertFailure(await world.send(transport, server.url(host, 'https')).result, 'blocked');
      }
      assert.equal(server.connections, 0);
      assert.deepEqual(world.lookups, []);
    },
  },
  {
    name: 'refuses a mapped literal of an address that is allowed',
    async run(world) {
      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      assertFailure(await world.send(await world.open(), server.url('[::ffff:127.0.0.1]')).result, 'blocked');
      assert.equal(server.connections, 0);
    },
  },
  {
    name: 'opens no connection for a name that resolves to a refused address',
    async run(world) {
      await expectBlocked(world, [LOOPBACK]);
    },
  },
  {
    name: 'refuses an answer in which one address is refused, wherever it stands',
    async run(world) {
      await expectBlocked(world, [PUBLIC, LOOPBACK]);
      await expectBlocked(world, [LOOPBACK, PUBLIC]);
      await expectBlocked(world, [PUBLIC, { address: '::ffff:127.0.0.1', family: 6 }]);
    },
  },
  {
    name: 'refuses an answer that it cannot read',
    async run(world) {
      for (const address of ['', 'localhost', '127.1', 'fe80::1%lo', '999.1.1.1'])
        await expectBlocked(world, [{ address, family: 4 }]);
    },
  },
  {
    name: 'fails an empty answer, and an answer in another form, as dns',
    async run(world) {
      world.names.set('empty.test', []);
      assertFailure(await world.send(await world.open(), 'http://empty.test/').result, 'dns');
      const older = ((_name: string, _options: unknown, answer: (...values: unknown[]) => void) => {
        answer(null, '127.0.0.1', 4);
      }) as unknown as LookupFunction;
      assertFailure(
        await world.send(await world.open({ lookup: older }), 'http://older.test/').result,
        'dns',
      );
    },
  },
  {
    name: 'judges a name anew for each connection',
    async run(world) {
      const closing = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
      const server = await world.serve((socket) => socket.end(closing));
      const transport = await world.open();
      assertResponse(await world.send(transport, server.url('posthorn.test')).result, 200);
      world.names.set('posthorn.test', [{ address: '10.0.0.1', family: 4 }]);
      assertFailure(await world.send(transport, server.url('posthorn.test')).result, 'blocked');
      assert.equal(server.connections, 1);
    },
  },
  {
    name: 'connects to an allowed address by name, asking for all addresses',
    async run(world) {
      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      const asked: unknown[] = [];
      const lookup: LookupFunction = (_name, options, answer) => {
        asked.push(options.all);
        answer(null, [LOOPBACK]);
      };
      assertResponse(await world.send(await world.open({ lookup }), server.url('posthorn.test')).result, 204);
      assert.deepEqual(asked, [true]);
    },
  },
];

async function expectBlocked(
  world: TransportWorld,
  answer: readonly { address: string; family: number }[],
): Promise<void> {
  const server = await world.serve((socket) => socket.write(NO_CONTENT));
  world.names.set('private.test', answer);
  const transport = await world.open(STRICT);
  assertFailure(await world.send(transport, server.url('private.test')).result, 'blocked');
  assertFailure(await world.send(transport, server.url('private.test', 'https')).result, 'blocked');
  assert.equal(server.connections, 0);
}
