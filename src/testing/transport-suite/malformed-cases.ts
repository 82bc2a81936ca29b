import assert from 'node:assert/strict';
import type { SuiteCase } from './suite-case.ts';
import { assertFailure, assertResponse, textOf } from './transport-world.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Heads that are not HTTP. */
const MALFORMED: Readonly<Record<string, string>> = {
  'an invalid status line': 'HTTP/1.1 abc\r\n\r\n',
  'HTTP/0.9': '<html>hello</html>\r\n\r\n',
  'an HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'status 1000': 'HTTP/1.1 1000 X\r\n\r\n',
  'status 099': 'HTTP/1.1 099 X\r\n\r\n',
  'a NUL in a header': 'HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n',
  'a header without a colon': 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n',
  'a negative content-length': 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n',
  'two content-lengths': 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok',
  'content-length beside chunks':
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'a switch of protocols': 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  'a header of 64 KiB': `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(64 * 1024)}\r\n\r\n`,
  '5000 headers': `HTTP/1.1 200 OK\r\n${'x-header: value\r\n'.repeat(5000)}\r\n`,
};

/** Contract line 3, with heads that are none. */
export const malformedCases: readonly SuiteCase[] = [
  ...Object.entries(MALFORMED).map(([what, answer]): SuiteCase => ({
    name: `fails ${what} as a bad response`,
    async run(world) {
      assertFailure(await world.exchange(answer), 'bad_response');
    },
  })),
  {
    name: 'survives a folded header and a bare line feed',
    async run(world) {
      for (const answer of [
        'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n',
        'HTTP/1.1 200 OK\nx: a\n\n',
      ]) {
        const result = await world.exchange(answer, 'end');
        // Parsers differ in how lenient they are; none may hang or throw.
        if (result.kind === 'response') assertResponse(result, 200);
        else assertFailure(result, 'bad_response');
      }
    },
  },
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
