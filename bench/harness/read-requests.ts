import type { Socket } from 'node:net';

const HEAD_END = '\r\n\r\n';

/** Cuts what comes over a socket into HTTP/1.1 requests, each with a content-length, and hands over the bytes of each once it is whole. */
export function readRequests(socket: Socket, onRequest: (bytes: Buffer) => void): void {
  let unread: Buffer | undefined;
  socket.on('data', (chunk: Buffer) => {
    let bytes = unread === undefined ? chunk : Buffer.concat([unread, chunk]);
    for (let end = findEnd(bytes); end > 0 && end <= bytes.length; end = findEnd(bytes)) {
      onRequest(bytes.subarray(0, end));
      bytes = bytes.subarray(end);
    }
    unread = bytes.length === 0 ? undefined : bytes;
  });
  // A contender that ends resets its connections.
  socket.on('error', () => socket.destroy());
}

/** Where the first request ends, which may be behind the bytes that are there; 0 while its head is incomplete. */
function findEnd(bytes: Buffer): number {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return 0;
  const length = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, headEnd))?.[1];
  if (length === undefined) throw new Error('a request without content-length');
  return headEnd + HEAD_END.length + Number(length);
}
