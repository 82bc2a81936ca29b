import assert from 'node:assert/strict';
import { getDefaultAutoSelectFamily, setDefaultAutoSelectFamily, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { AddressPolicy } from '../../src/core/address-policy.ts';
import { createAddressPolicy } from '../../src/core/address-policy.ts';
import { RawServer } from '../../src/testing/transport-suite/raw-server.ts';
import { ConnectionRefusal, createGuardedConnector } from '../../src/transport/address-guard.ts';
import { loadUndici } from '../../src/transport/load-undici.ts';
import type { LookupFunction, TransportContext } from '../../src/transport/transport.ts';

const undici = await loadUndici();
const loopback = createAddressPolicy({ allowPrivate: ['127.0.0.0/8'] });
const toLoopback: LookupFunction = (_name, _options, answer) =>
  answer(null, [{ address: '127.0.0.1', family: 4 }]);

let server: RawServer;

beforeEach(async () => {
  server = new RawServer(() => undefined);
  await server.listen();
});

afterEach(() => server.close());

function createGuard(changes: Partial<TransportContext> = {}): ReturnType<typeof createGuardedConnector> {
  const context = {
    addressPolicy: loopback,
    maxConnections: 1,
    lookup: toLoopback,
    connectTimeoutMs: 10_000,
    resendWithinMs: 1_000,
    clock: systemClock,
  };
  return createGuardedConnector(undici, { ...context, ...changes });
}

async function connect(guard: ReturnType<typeof createGuard>, hostname: string): Promise<Socket | Error> {
  return new Promise((resolve) => {
    const options = { hostname, host: hostname, protocol: 'http:', port: String(server.port) };
    guard.connect(options, (error, socket) => resolve(error ?? socket));
  });
}

async function reasonOf(guard: ReturnType<typeof createGuard>, hostname: string): Promise<string> {
  const outcome = await connect(guard, hostname);
  assert.ok(outcome instanceof ConnectionRefusal);
  return outcome.reason;
}

describe('createGuardedConnector', () => {
  it('connects to an allowed address, given as a literal or by name', async () => {
    for (const hostname of ['127.0.0.1', 'receiver.test']) {
      const socket = await connect(createGuard(), hostname);
      assert.ok(!(socket instanceof Error));
      assert.equal(socket.remoteAddress, '127.0.0.1');
      socket.destroy();
    }
    await server.whenConnected(2);
  });

  it('judges literals although name resolution is never asked for them', async () => {
    const asked: string[] = [];
    const lookup: LookupFunction = (name) => void asked.push(name);
    const guard = createGuard({ addressPolicy: createAddressPolicy({ allowPrivate: [] }), lookup });
    for (const literal of ['127.0.0.1', '::1', '[::1]', '::ffff:7f00:1'])
      assert.equal(await reasonOf(guard, literal), 'blocked');
    assert.deepEqual(asked, []);
    assert.equal(server.connections, 0);
  });

  it('calls back later even for what it refuses at once', async () => {
    const guard = createGuard();
    let hasReturned = false;
    const order = new Promise<boolean>((resolve) => {
      guard.connect({ hostname: '10.0.0.1', protocol: 'http:', port: '80' }, () => resolve(hasReturned));
      hasReturned = true;
    });
    assert.equal(await order, true);
  });

  it('asserts the connected address, should the policy see it differently by then', async () => {
    let asked = 0;
    const changing: AddressPolicy = {
      judge: (address) =>
        (asked += 1) === 1 ? { allowed: true } : { allowed: false, why: `${address} is refused now` },
    };
    assert.equal(await reasonOf(createGuard({ addressPolicy: changing }), 'receiver.test'), 'blocked');
    assert.equal(asked, 2);
    await server.whenIdle();
  });

  it('tells a name without an address from one with a refused address', async () => {
    const answers: readonly (readonly [string, readonly { address: string; family: number }[]])[] = [
      ['dns', []],
      ['blocked', [{ address: '10.0.0.1', family: 4 }]],
      [
        'blocked',
        [
          { address: '127.0.0.1', family: 4 },
          { address: '::1', family: 6 },
        ],
      ],
      // The family that a resolver claims does not matter.
      ['blocked', [{ address: '::1', family: 4 }]],
    ];
    for (const [reason, addresses] of answers) {
      const lookup: LookupFunction = (_name, _options, answer) => answer(null, addresses);
      assert.equal(await reasonOf(createGuard({ lookup }), 'receiver.test'), reason);
    }
    assert.equal(server.connections, 0);
  });

  it('keeps the error of name resolution as the cause, and names its code', async () => {
    const cause = Object.assign(new Error('queryA ESERVFAIL'), { code: 'ESERVFAIL' });
    const outcome = await connect(
      createGuard({ lookup: (_name, _options, answer) => answer(cause, []) }),
      'receiver.test',
    );
    assert.ok(outcome instanceof ConnectionRefusal);
    assert.deepEqual(
      [outcome.reason, outcome.cause, outcome.message],
      ['dns', cause, 'cannot resolve receiver.test (ESERVFAIL)'],
    );
  });

  it('takes only the first answer of a resolver that answers twice', async () => {
    const lookup: LookupFunction = (name, options, answer) => {
      toLoopback(name, options, answer);
      answer(null, [{ address: '10.0.0.1', family: 4 }]);
    };
    const socket = await connect(createGuard({ lookup }), 'receiver.test');
    assert.ok(!(socket instanceof Error));
    socket.destroy();
  });

  it('judges the whole answer also when the host has turned happy eyeballs off', async () => {
    const before = getDefaultAutoSelectFamily();
    setDefaultAutoSelectFamily(false);
    try {
      const mixed: LookupFunction = (_name, _options, answer) =>
        answer(null, [
          { address: '127.0.0.1', family: 4 },
          { address: '10.0.0.1', family: 4 },
        ]);
      assert.equal(await reasonOf(createGuard({ lookup: mixed }), 'receiver.test'), 'blocked');
      const socket = await connect(createGuard(), 'receiver.test');
      assert.ok(!(socket instanceof Error));
      socket.destroy();
    } finally {
      setDefaultAutoSelectFamily(before);
    }
  });

  it('resolves names with the resolver of the machine by default', async () => {
    const guard = createGuard({
      addressPolicy: createAddressPolicy({ allowPrivate: [] }),
      lookup: undefined,
    });
    assert.equal(await reasonOf(guard, 'localhost'), 'blocked');
    assert.equal(server.connections, 0);
  });

  it('connects a trusted name to a private address, and no other name', async () => {
    const addressPolicy = createAddressPolicy({ allowPrivate: [], allowHosts: ['*.svc.local'] });
    const guard = createGuard({ addressPolicy });
    const socket = await connect(guard, 'hooks.svc.local');
    assert.ok(!(socket instanceof Error));
    socket.destroy();
    for (const hostname of ['svc.local', 'a.hooks.svc.local', '127.0.0.1'])
      assert.equal(await reasonOf(guard, hostname), 'blocked');
    assert.equal(server.connections, 1);
  });

  it('gives up connections that are being made', async () => {
    let asked!: () => void;
    const wasAsked = new Promise<void>((resolve) => (asked = resolve));
    let answerLate!: () => void;
    const guard = createGuard({
      lookup: (name, options, answer) => {
        answerLate = () => toLoopback(name, options, answer);
        asked();
      },
    });
    const outcome = connect(guard, 'receiver.test');
    await wasAsked;
    guard.destroyPending();
    answerLate();
    void outcome;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(server.connections, 0);
  });
});
