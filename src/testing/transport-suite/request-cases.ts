import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import type { SuiteCase } from './suite-case.ts';
import { assertFailure, assertResponse, describeResult, textOf } from './transport-world.ts';

const NO_CONTENT = 'HTTP/1.1 204 No Content\r\n\r\n';

/** Contract line 1: one POST, exactly as given, or one OPTIONS without a body. */
export const requestCases: readonly SuiteCase[] = [
  {
    name: 'sends one POST with exactly the given bytes',
    async run(world) {
      const body = Uint8Array.from({ length: 4096 }, (_, index) => index % 256);
      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      const url = `${server.url()}?key=a%20b&empty=`;
      assertResponse(await world.send(await world.open(), url, { body }).result, 204);
      const [head, sentBody] = split(server.requests[0]!);
      assert.equal(server.requests.length, 1);
      assert.equal(head[0], 'POST /hooks?key=a%20b&empty= HTTP/1.1');
      assert.deepEqual([...sentBody], [...body]);
    },
  },
  {
    name: 'sends a view into a larger buffer without what surrounds it',
    async run(world) {
      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      const body = new TextEncoder().encode('before{"a":1}after').subarray(6, 13);
      assertResponse(await world.send(await world.open(), server.url(), { body }).result, 204);
      assert.equal(split(server.requests[0]!)[1].toString(), '{"a":1}');
    },
  },
  {
    name: 'sends an empty body as content-length 0',
    async run(world) {
      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      assertResponse(
        await world.send(await world.open(), server.url(), { body: new Uint8Array(0) }).result,
        204,
      );
      assert.equal(headerOf(server.requests[0]!, 'content-length'), '0');
    },
  },
  {
    name: 'sends the given headers unchanged, bytes above 127 included',
    async run(world) {
      const given = [
        ...['webhook-id', 'msg_1', 'webhook-signature', 'v1,aaa v1,bbb'],
        ...['x-latin', 'caf\u00e9 \u00ff', 'x-empty', '', 'authorization', 'Bearer a.b-c'],
      ];
      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      assertResponse(await world.send(await world.open(), server.url(), { headers: given }).result, 204);
      for (let index = 0; index < given.length; index += 2) {
        assert.equal(headerOf(server.requests[0]!, given[index]!), given[index + 1]);
      }
    },
  },
  {
    name: 'adds only host, content-length, connection and accept headers',
    async run(world) {
      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      assertResponse(await world.send(await world.open(), server.url()).result, 204);
      const names = split(server.requests[0]!)[0]
        .slice(1)
        .map((line) => line.split(':')[0]!.toLowerCase());
      const given = new Set(['content-type', 'user-agent', 'host', 'content-length', 'connection']);
      assert.deepEqual(
        names.filter((name) => !given.has(name) && !name.startsWith('accept')),
        [],
      );
    },
  },
  {
    name: 'follows no redirect, with or without a usable location',
    async run(world) {
      const locations = [
        '/elsewhere',
        'http://127.0.0.1:9/',
        'http://[::1]/',
        'file:///etc/passwd',
        '//',
        undefined,
      ];
      const transport = await world.open();
      for (const status of [300, 301, 302, 303, 307, 308]) {
        const server = await world.serve((socket, _request, index) => {
          const location = locations[index] === undefined ? '' : `location: ${locations[index]}\r\n`;
          socket.write(`HTTP/1.1 ${status} Moved\r\n${location}content-length: 0\r\n\r\n`);
        });
        for (const location of locations) {
          const result = await world.send(transport, server.url()).result;
          assertResponse(result, status);
          assert.equal(result.headers['location'], location);
        }
        assert.equal(server.requests.length, locations.length);
      }
    },
  },
  {
    name: 'sends OPTIONS with the given headers and without a body, and gives the headers of the response',
    async run(world) {
      const answer = 'HTTP/1.1 200 OK\r\nWebHook-Allowed-Origin: *\r\ncontent-length: 2\r\n\r\nok';
      const server = await world.serve((socket) => socket.write(answer));
      const headers = ['webhook-request-origin', 'hooks.example.com', 'user-agent', 'suite'];
      const result = await world.send(await world.open(), `${server.url()}?key=1`, {
        method: 'OPTIONS',
        headers,
      }).result;
      assertResponse(result, 200);
      assert.equal(result.headers['webhook-allowed-origin'], '*');
      assert.equal(textOf(result), 'ok');
      const [head, body] = split(server.requests[0]!);
      assert.equal(server.requests.length, 1);
      assert.equal(head[0], 'OPTIONS /hooks?key=1 HTTP/1.1');
      assert.equal(headerOf(server.requests[0]!, 'webhook-request-origin'), 'hooks.example.com');
      assert.equal(headerOf(server.requests[0]!, 'content-length') ?? '0', '0');
      assert.equal(headerOf(server.requests[0]!, 'transfer-encoding'), undefined);
      assert.equal(body.length, 0);
    },
  },
  {
    name: 'follows no redirect of OPTIONS',
    async run(world) {
      const target = await world.serve((socket) => socket.write(NO_CONTENT));
      const moved = `HTTP/1.1 307 Moved\r\nlocation: ${target.url()}\r\ncontent-length: 0\r\n\r\n`;
      const server = await world.serve((socket) => socket.write(moved));
      const sent = world.send(await world.open(), server.url(), { method: 'OPTIONS', headers: [] });
      assertResponse(await sent.result, 307);
      assert.equal(target.connections, 0);
    },
  },
  {
    name: 'gives an encoded body as it came',
    async run(world) {
      const packed = gzipSync('{"unpacked":true}');
      const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`;
      const result = await world.exchange(Buffer.concat([Buffer.from(head), packed]));
      assertResponse(result, 200);
      assert.deepEqual(Buffer.from(result.body), packed);
      assert.equal(result.headers['content-encoding'], 'gzip');
    },
  },
  {
    name: 'passes on a status whose body has an unknown or broken encoding',
    async run(world) {
      for (const encoding of ['gzip', 'br', 'deflate', 'nonsense', 'gzip, gzip']) {
        const head = `HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\ncontent-length: 6\r\n\r\n`;
        assertResponse(await world.exchange(`${head}broken`), 200);
      }
    },
  },
  {
    name: 'passes on a status whose body has many encodings',
    async run(world) {
      const encoding = Array.from({ length: 20 }, () => 'gzip').join(', ');
      const head = `HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\ncontent-length: 6\r\n\r\n`;
      assertResponse(await world.exchange(`${head}broken`), 200);
    },
  },
  {
    name: 'does not repeat a request that failed',
    async run(world) {
      const server = await world.serve((socket) => socket.destroy());
      assertFailure(await world.send(await world.open(), server.url()).result, 'connection_reset');
      assert.equal(server.requests.length, 1);
    },
  },
  {
    name: 'reports a request that cannot be written as a fault, without connecting',
    async run(world) {
      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      const transport = await world.open();
      for (const headers of [
        ['expect', '100-continue'],
        ['transfer-encoding', 'chunked'],
        ['bad name', 'x'],
        ['x', 'a\r\nb: c'],
      ]) {
        const result = await world.send(transport, server.url(), { headers }).result;
        assert.equal(
          result.kind === 'fault' && result.reason,
          'bad_request',
          `${headers[0]}: ${describeResult(result)}`,
        );
      }
      assert.equal(server.requests.length, 0);
    },
  },
  {
    name: 'sends requests to one origin over a kept connection',
    async run(world) {
      const server = await world.serve((socket, _request, index) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${index}`);
      });
      const transport = await world.open({ maxConnections: 1 });
      for (const expected of ['0', '1', '2', '3']) {
        assert.equal(textOf(await world.send(transport, server.url()).result), expected);
      }
      assert.equal(server.connections, 1);
    },
  },
  {
    name: 'opens no more connections to one origin than it may',
    async run(world) {
      const server = await world.serve((socket) => socket.write(NO_CONTENT));
      const transport = await world.open({ maxConnections: 3 });
      const sent = Array.from({ length: 30 }, () => world.send(transport, server.url()));
      for (const { result } of sent) assertResponse(await result, 204);
      assert.ok(server.connections <= 3, `${server.connections} connections`);
    },
  },
];

function split(request: Buffer): [head: string[], body: Buffer] {
  const end = request.indexOf('\r\n\r\n');
  return [request.subarray(0, end).toString('latin1').split('\r\n'), request.subarray(end + 4)];
}

function headerOf(request: Buffer, name: string): string | undefined {
  const line = split(request)[0].find((header) => header.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}
