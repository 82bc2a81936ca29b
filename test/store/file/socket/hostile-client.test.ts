import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  decodeMessage,
  encodeHello,
  encodeMessage,
  FrameReader,
  MAX_FRAME_BYTES,
} from '../../../../src/store/file/socket/frame.ts';
import { clientHello, ownerHello } from '../../../../src/store/file/socket/hello.ts';
import type { SharedStore } from '../../../../src/store/file/socket/shared-store.ts';
import { createManualClock, type ManualClock } from '../../../../src/testing/manual-clock.ts';
import { SharedFolder } from '../../../support/shared-folder.ts';
import { until } from '../../../support/world.ts';

const START = 1_767_225_600_000;
const UNREAD_LIMIT_MS = 30_000;

let folder: SharedFolder;
let clock: ManualClock;
let owner: SharedStore;
/** Sits beside every hostile client, and must not notice. */
let neighbour: SharedStore;
const sockets: Socket[] = [];

beforeEach(async () => {
  folder = new SharedFolder();
  clock = createManualClock();
  owner = await folder.open({ clock });
  neighbour = await folder.open();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await folder.remove();
});

async function hostile(): Promise<Socket & { isClosed?: boolean }> {
  const socket: Socket & { isClosed?: boolean } = connect(join(folder.dir, 'control.sock'));
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.once('close', () => (socket.isClosed = true));
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

async function greeted(): Promise<Socket & { isClosed?: boolean }> {
  const socket = await hostile();
  socket.write(encodeHello(clientHello(['hostile'])));
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}

async function isDropped(socket: { isClosed?: boolean }, line: RegExp): Promise<void> {
  await until(() => socket.isClosed === true && folder.log.length > 0, 'the client is dropped');
  expect(folder.log).toEqual([expect.stringMatching(line)]);
  expect(await neighbour.now()).toBe(START);
  expect(await owner.now()).toBe(START);
}

function head(length: number, version = 1, kind = 2): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(length, 0);
  bytes[4] = version;
  bytes[5] = kind;
  return bytes;
}

describe('a client that says no hello', () => {
  it.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'this is not a frame of version 1'],
    ['zeros', Buffer.alloc(100), 'this is not a frame of version 1'],
    ['frames of another version', head(1, 2), 'this is not a frame of version 1'],
    ['a length beyond all bounds', head(0xffffffff), 'a frame of 4294967295 bytes, at most 65536 are taken'],
    ['a call', encodeMessage({ kind: 'call', id: 1, call: 'now' }, 'it'), 'it said no hello'],
    ['a hello of somebody else', encodeHello({ hello: 'world' }), 'it said no hello'],
    ['a hello without holders', encodeHello({ ...ownerHello(1) }), 'it said no hello'],
    ['a hello that is no object', encodeHello(null as unknown as object), 'it said no hello'],
    ['a hello that is no JSON', Buffer.concat([head(3, 1, 1), Buffer.from('{{{')]), 'JSON'],
  ])('is dropped: %s', async (_, bytes, reason) => {
    const socket = await hostile();
    socket.write(bytes);
    await isDropped(socket, new RegExp(`^Dropped a client, .*${reason}`));
  });

  it('is dropped after a while when it says nothing', async () => {
    const socket = await hostile();
    socket.write(head(1_000).subarray(0, 3));
    // Its connection has been taken once that of a later one was answered.
    await greeted();
    await clock.advance(10_000);
    await isDropped(
      socket,
      /^Dropped a client, a process that said no hello: it said no hello for 10000 ms\.$/,
    );
  });
});

describe('a client of another version', () => {
  it.each([
    ['protocol', /version 9 of the control protocol, this one version 2\. Run the same version of Posthorn/],
    ['clone', /encodes values in version 9, .* Run the same version of Node\.js/],
  ])('hears who the owner is, and is refused: %s', async (field, line) => {
    const socket = await hostile();
    const reader = new FrameReader(() => MAX_FRAME_BYTES);
    socket.on('data', (piece: Buffer) => reader.push(piece));
    socket.write(encodeHello({ ...clientHello([]), [field]: 9, holders: undefined }));
    await isDropped(socket, line);
    expect(JSON.parse(reader.next()!.body.toString())).toEqual({ ...ownerHello(1) });
  });
});

const NO_CALL = 'it sent something that is no call';

const NO_CALLS: readonly (readonly [string, Buffer, string])[] = [
  ['garbage', Buffer.from('\x00\x00\x00\x05garbage'), 'this is not a frame of version 1'],
  ['a length beyond all bounds', head(MAX_FRAME_BYTES + 1), 'a frame of 67108865 bytes, at most 67108864'],
  ['bytes that are no clone', Buffer.concat([head(4), Buffer.from('\xff\x0f{{', 'latin1')]), ''],
  ['nothing at all', head(0), ''],
  ['a message of no kind', encodeMessage('hello', 'it'), NO_CALL],
  ['nothing to call', encodeMessage(null, 'it'), NO_CALL],
  ['a call without a number', encodeMessage({ kind: 'call', id: '1', call: 'now' }, 'it'), NO_CALL],
  ...['open', 'close', 'watch', 'constructor', 'endpoints', '__proto__', 7].map(
    (call) => [`a call of ${call}`, encodeMessage({ kind: 'call', id: 1, call }, 'it'), NO_CALL] as const,
  ),
];

describe('a client that said hello', () => {
  it.each(NO_CALLS)('is dropped: %s', async (_, bytes, reason) => {
    const socket = await greeted();
    socket.write(bytes);
    await isDropped(socket, new RegExp(`^Dropped a client, process ${process.pid}: .*${reason}`));
    await until(() => folder.gone.length === 1, 'its leases are nobody’s');
  });

  it('is told what was wrong with the params of a call', async () => {
    const socket = await greeted();
    const reader = new FrameReader(() => MAX_FRAME_BYTES);
    socket.on('data', (piece: Buffer) => reader.push(piece));
    socket.write(encodeMessage({ kind: 'call', id: 1, call: 'append', params: null }, 'it'));
    socket.write(encodeMessage({ kind: 'call', id: 2, call: 'now', params: undefined }, 'it'));
    const answers: unknown[] = [];
    await until(() => {
      const frame = reader.next();
      if (frame !== undefined) answers.push(decodeMessage(frame.body));
      return answers.length === 2;
    }, 'both are answered');
    expect(answers).toMatchObject([
      { kind: 'error', id: 1, error: { name: 'TypeError' } },
      { kind: 'answer', id: 2, value: START },
    ]);
  });

  it('may leave in the middle of a frame, and of a call', async () => {
    const socket = await greeted();
    folder.holds.add('stats');
    socket.write(encodeMessage({ kind: 'call', id: 1, call: 'stats', params: { where: {} } }, 'it'));
    socket.write(head(1_000_000));
    await until(() => folder.held.length === 1, 'the call runs');
    socket.destroy();
    await isDropped(socket, /^A client has gone without closing its store: process \d+\.$/);
    folder.holds.clear();
    folder.held[0]!.go();
    expect(await neighbour.stats({ where: {} })).toMatchObject({ at: START });
  });

  it('has only so many calls run at once; the others wait in its connection', async () => {
    const socket = await greeted();
    folder.holds.add('now');
    const calls = Array.from({ length: 200 }, (_, id) =>
      encodeMessage({ kind: 'call', id, call: 'now' }, 'it'),
    );
    socket.write(Buffer.concat(calls));
    await until(() => folder.held.length === 64, 'as many run as may');
    // A later one of somebody else is made, although the others wait.
    expect(await neighbour.getLane({ laneId: 'lane' })).toMatchObject({ paused: false });
    expect(folder.held).toHaveLength(64);
    folder.holds.clear();
    for (const { go } of folder.held) go();
    const reader = new FrameReader(() => MAX_FRAME_BYTES);
    const answered: number[] = [];
    socket.on('data', (piece: Buffer) => {
      reader.push(piece);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        answered.push((decodeMessage(frame.body) as { id: number }).id);
      }
    });
    await until(() => answered.length === 200, 'all are answered');
    expect(answered.sort((a, b) => a - b)).toEqual(calls.map((_, id) => id));
  });

  it('is dropped when it does not read its answers, and keeps its memory bounded until then', async () => {
    await owner.settings.put({ key: 'large', value: 'x'.repeat(1_000_000) });
    const socket = await greeted();
    socket.pause();
    let made = 0;
    const get = folder.memory.settings.get;
    folder.memory.settings.get = (params) => {
      made += 1;
      return get(params);
    };
    const call = (id: number): Buffer =>
      encodeMessage({ kind: 'call', id, call: 'settings.get', params: { key: 'large' } }, 'it');
    socket.write(Buffer.concat(Array.from({ length: 1_000 }, (_, id) => call(id))));
    await until(() => clock.pendingTimers > 1, 'its answers are not read');
    for (let index = 0; index < 50; index += 1) expect(await neighbour.now()).toBe(START);
    // Changes are kept for it, each once.
    for (let index = 0; index < 50; index += 1)
      await owner.settings.put({ key: 'switch', value: `${index}` });
    expect(made).toBeLessThanOrEqual(64);
    await clock.advance(UNREAD_LIMIT_MS);
    socket.resume();
    await isDropped(socket, /: it has not read its answers for 30000 ms\.$/);
    await until(() => folder.gone.length === 1, 'its leases are nobody’s');
  });
});

describe('a client that reads slowly', () => {
  it('is told of a change before the answer to a call that came after it', async () => {
    await owner.settings.put({ key: 'large', value: 'x'.repeat(1_000_000) });
    const { get } = folder.memory.settings;
    let answer = (): void => undefined;
    folder.memory.settings.get = async (params) => {
      if (params.key === 'last') await new Promise<void>((resolve) => (answer = resolve));
      return get(params);
    };
    const socket = await greeted();
    const reader = new FrameReader(() => MAX_FRAME_BYTES);
    socket.pause();
    const call = (id: number, key: string): Buffer =>
      encodeMessage({ kind: 'call', id, call: 'settings.get', params: { key } }, 'it');
    const timers = clock.pendingTimers;
    socket.write(Buffer.concat([call(1, 'last'), ...[2, 3, 4, 5, 6].map((id) => call(id, 'large'))]));
    await until(() => clock.pendingTimers > timers, 'its answers are not read');
    await owner.settings.put({ key: 'switch', value: 'off' });
    await neighbour.now();
    answer();
    await neighbour.now();
    const frames: unknown[] = [];
    socket.on('data', (piece: Buffer) => {
      reader.push(piece);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        const { kind, id } = decodeMessage(frame.body) as { kind: string; id?: number };
        frames.push(id ?? kind);
      }
    });
    socket.resume();
    await until(() => frames.includes(1) && frames.includes('change'), 'it has read everything');
    expect(frames.indexOf('change')).toBeLessThan(frames.indexOf(1));
  });
});

describe('an owner that is something else', () => {
  async function impostor(answer: Buffer): Promise<SharedFolder> {
    const other = new SharedFolder();
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(answer);
    });
    await new Promise<void>((resolve) => server.listen(join(other.dir, 'control.sock'), resolve));
    sockets.push({ destroy: () => server.close() } as unknown as Socket);
    return other;
  }

  it.each([
    ['garbage', Buffer.from('SSH-2.0-OpenSSH_9.2p1'), 'this is not a frame of version 1'],
    ['no hello', encodeMessage({ kind: 'answer', id: 1 }, 'it'), 'it said no hello'],
    [
      'another protocol',
      encodeHello({ ...ownerHello(1), protocol: 1 }),
      'speaks version 1 of the control protocol',
    ],
    ['another clone', encodeHello({ ...ownerHello(1), clone: 99 }), 'encodes values in version 99'],
    ['keys of no form', encodeHello({ ...ownerHello(1), keys: { current: 'a' } }), 'it said no hello'],
  ])('is not talked to: %s', async (_, answer, reason) => {
    const other = await impostor(answer);
    await expect(other.open()).rejects.toMatchObject({ name: 'StoreError', code: 'store_failed' });
    await expect(other.open()).rejects.toThrow(`Cannot talk to the owner of the file store: `);
    await expect(other.open()).rejects.toThrow(reason);
    for (const socket of sockets.splice(0)) socket.destroy();
    await other.remove();
  });
});
