import assert from 'node:assert/strict';
import type { SuiteCase } from './suite-case.ts';
import { assertFailure, assertResponse, describeResult, textOf } from './transport-world.ts';

/** Contract lines 2 and 3: one result; a head that arrived is a response. */
export const responseCases: readonly SuiteCase[] = [
  {
    name: 'gives a result after send returned, also when nothing can be sent',
    async run(world) {
      const transport = await world.open();
      // TransportWorld.send fails a result that comes too early, and its close() one that comes twice.
      const refused = world.send(transport, 'http://127.0.0.1:9/', { headers: ['expect', 'x'] });
      assert.equal(refused.results.length, 0);
      assert.equal((await refused.result).kind, 'fault');
      await transport.close();
      const closed = world.send(transport, 'http://127.0.0.1:9/');
      assert.notEqual((await closed.result).kind, 'response');
    },
  },
  {
    name: 'gives status, headers in lower case and the body',
    async run(world) {
      const result = await world.exchange(
        'HTTP/1.1 202 Fine\r\nContent-Length: 5\r\nX-One: 1\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nhello',
      );
      assertResponse(result, 202);
      assert.equal(textOf(result), 'hello');
      assert.equal(result.headers['x-one'], '1');
      assert.deepEqual(result.headers['set-cookie'], ['a=1', 'b=2']);
      assert.deepEqual([result.bodyTruncated, result.bodyComplete], [false, true]);
    },
  },
  {
    name: 'joins the chunks of a body, and reads one that ends with the connection',
    async run(world) {
      const chunked = await world.exchange(
        'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n1\r\nh\r\n0\r\n\r\n',
      );
      assertResponse(chunked, 200);
      assert.deepEqual([textOf(chunked), chunked.bodyComplete], ['abcdefgh', true]);
      const closing = await world.exchange('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc', 'end');
      assertResponse(closing, 200);
      assert.deepEqual([textOf(closing), closing.bodyComplete], ['abc', true]);
    },
  },
  {
    name: 'keeps the first bytes of a body and says when there were more',
    async run(world) {
      const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789';
      const expected = [
        [10, '0123456789', false],
        [11, '0123456789', false],
        [Infinity, '0123456789', false],
        [9, '012345678', true],
        [1, '0', true],
        [0, '', true],
      ] as const;
      for (const [maxBodyBytes, kept, isTruncated] of expected) {
        const result = await world.exchange(answer, 'stay', { maxBodyBytes });
        assertResponse(result, 200);
        assert.deepEqual(
          [textOf(result), result.bodyTruncated],
          [kept, isTruncated],
          `maxBodyBytes ${maxBodyBytes}`,
        );
        assert.equal(result.bodyComplete, !isTruncated);
      }
    },
  },
  {
    name: 'stops reading a body without end, and closes the connection',
    async run(world) {
      const block = Buffer.alloc(64 * 1024, 'x');
      const server = await world.serve((socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const fill = (): void => {
          while (!socket.destroyed && socket.write(block));
        };
        socket.on('drain', fill);
        fill();
      });
      const result = await world.send(await world.open(), server.url(), { maxBodyBytes: 100_000 }).result;
      assertResponse(result, 200);
      assert.deepEqual(
        [result.body.length, result.bodyTruncated, result.bodyComplete],
        [100_000, true, false],
      );
      await server.whenIdle();
    },
  },
  ...[200, 503].map((status): SuiteCase => ({
    name: `passes on a ${status} whose body breaks off`,
    async run(world) {
      const lengthy = `HTTP/1.1 ${status} X\r\ncontent-length: 10\r\n\r\nabc`;
      const chunked = `HTTP/1.1 ${status} X\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`;
      const broken = [
        [lengthy, 'end'],
        [lengthy, 'reset'],
        [chunked, 'end'],
        [chunked, 'reset'],
        [`${chunked}zz\r\nabc\r\n`, 'stay'],
      ] as const;
      for (const [answer, end] of broken) {
        const result = await world.exchange(answer, end);
        assertResponse(result, status);
        assert.deepEqual([textOf(result), result.bodyComplete], ['abc', false], `${answer} then ${end}`);
      }
    },
  })),
  {
    name: 'passes over interim responses',
    async run(world) {
      const interim = 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n';
      const result = await world.exchange(`${interim}HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok`);
      assertResponse(result, 201);
      assert.equal(textOf(result), 'ok');
      assert.equal(result.headers['link'], undefined);
    },
  },
  {
    name: 'survives an unasked 100, as a response or as a bad one',
    async run(world) {
      const result = await world.exchange(
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      );
      if (result.kind === 'response') assertResponse(result, 200);
      else assertFailure(result, 'bad_response');
    },
  },
  {
    name: 'passes on unusual statuses as they are',
    async run(world) {
      for (const status of [205, 304, 418, 599, 600, 999]) {
        assertResponse(await world.exchange(`HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n\r\n`), status);
      }
    },
  },
  {
    name: 'passes on a 204 that has a body',
    async run(world) {
      assertResponse(await world.exchange('HTTP/1.1 204 No Content\r\ncontent-length: 3\r\n\r\nabc'), 204);
    },
  },
  {
    name: 'takes an answer that comes before the request was read',
    async run(world) {
      const server = await world.serve(() => undefined, {
        onConnection: (socket) => {
          socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'));
        },
      });
      const sent = world.send(await world.open(), server.url(), { body: new Uint8Array(1024 * 1024) });
      assertResponse(await sent.result, 200);
    },
  },
  {
    name: 'survives a refusal in the middle of a large upload',
    async run(world) {
      const server = await world.serve(() => undefined, {
        onConnection: (socket) =>
          socket.once('data', () => {
            socket.end('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n', () =>
              socket.destroy(),
            );
          }),
      });
      const sent = world.send(await world.open(), server.url(), { body: new Uint8Array(8 * 1024 * 1024) });
      const result = await sent.result;
      // The reset that follows may overtake the answer.
      if (result.kind === 'response') assertResponse(result, 413);
      else assertFailure(result, 'connection_reset');
    },
  },
  {
    name: 'gives bodies and headers that are no text as they came',
    async run(world) {
      const result = await world.exchange(
        'HTTP/1.1 200 <script>\r\nx-odd: \u00f0\u009f\u0098\u0080 <script>\r\n__proto__: x\r\ncontent-length: 4\r\n\r\n\u00ff\u00fe\u0000\u0080',
      );
      assertResponse(result, 200);
      assert.deepEqual([...result.body], [0xff, 0xfe, 0x00, 0x80], describeResult(result));
      assert.ok(String(result.headers['x-odd']).endsWith('<script>'));
      assert.equal(({} as { x?: unknown }).x, undefined);
    },
  },
];
