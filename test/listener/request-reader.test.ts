import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { ReadRequest } from '../../src/listener/request-log.ts';
import { RequestReader } from '../../src/listener/request-reader.ts';

function read(chunks: readonly Buffer[], maxBodyBytes = 1_000): { requests: ReadRequest[]; begun: number } {
  const requests: ReadRequest[] = [];
  let begun = 0;
  const reader = new RequestReader(maxBodyBytes, {
    onBegun: () => (begun += 1),
    onRequest: (request) => requests.push(request),
  });
  for (const chunk of chunks) reader.read(chunk);
  return { requests, begun };
}

const TWO_REQUESTS = Buffer.from(
  'POST /a?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello' +
    'POST /b HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nA;x=y\r\nabc\r\n0\r\n\r\n\r\n0\r\ntrailer: x\r\n\r\n' +
    'GET /c HTTP/1.1\r\n\r\n',
);

describe('RequestReader', () => {
  it('reads the same requests however their bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: TWO_REQUESTS.length }), { maxLength: 20 }), (cuts) => {
        const edges = [0, ...cuts, TWO_REQUESTS.length].sort((left, right) => left - right);
        const chunks = edges.slice(1).map((edge, index) => TWO_REQUESTS.subarray(edges[index], edge));
        const { requests, begun } = read(chunks);
        assert.equal(begun, 3);
        assert.deepEqual(
          requests.map(({ method, path, body }) => [method, path, body.toString()]),
          [
            ['POST', '/a?x=1', 'hello'],
            ['POST', '/b', 'abc\r\n0\r\n\r\n'],
            ['GET', '/c', ''],
          ],
        );
        assert.deepEqual(requests[0]!.rawHeaders, ['Host', 'a', 'Content-Length', '5']);
      }),
    );
  });

  it('keeps no more of a body than it may, and finds the next request behind it', () => {
    const { requests } = read([TWO_REQUESTS], 2);
    assert.deepEqual(
      requests.map(({ body }) => body.toString()),
      ['he', 'ab', ''],
    );
  });

  it('forgets what is no request', () => {
    const { requests, begun } = read(Array.from({ length: 10 }, () => Buffer.alloc(64 * 1024, 'x')));
    assert.deepEqual([requests.length, begun], [0, 0]);
  });
});
