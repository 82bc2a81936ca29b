/** A connection through a forward proxy, by CONNECT: from there on it belongs to us and the receiver. */
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ForwardProxy } from '../core/forward-proxy.ts';
import { judgeProxyAnswer } from '../core/proxy-answer.ts';
import { ProxyError, proxyFault } from './proxy-error.ts';
import type { TlsSettings } from './tls-settings.ts';

/** What tunnels of one agent have in common. */
export interface TunnelOptions {
  readonly proxy: ForwardProxy;
  /** Resolves the name of the proxy. */
  readonly lookup: LookupFunction;
  /** Longest time until the proxy is connected to; for its answer, twice as long. */
  readonly connectTimeoutMs: number;
  /** For a proxy that speaks TLS. */
  readonly tls: Pick<TlsSettings, 'rejectUnauthorized' | 'ca'>;
}

type TunnelResult = [error: null, socket: Socket] | [error: ProxyError, socket: null];

/** Largest head of the proxy's answer, in bytes. */
const MAX_ANSWER_BYTES = 16 * 1024;

/**
 * Asks the proxy for a connection.
 *
 * @param authority host and port of the receiver, IPv6 in brackets: `example.com:443`
 * @param onTunnel called once
 * @returns to give it up with `destroy`
 */
export function openTunnel(
  authority: string,
  options: TunnelOptions,
  onTunnel: (...result: TunnelResult) => void,
): ClientRequest {
  const { authorization } = options.proxy;
  let isDone = false;
  const conclude = (...result: TunnelResult): void => {
    if (isDone) return;
    isDone = true;
    if (result[0] !== null) request.destroy();
    onTunnel(...result);
  };
  const request = httpRequest({
    method: 'CONNECT',
    path: authority,
    headers: {
      host: authority,
      connection: 'keep-alive',
      ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }),
    },
    maxHeaderSize: MAX_ANSWER_BYTES,
    createConnection: () => connectToProxy(options, (error) => conclude(error, null)),
  });
  request.once('connect', (answer: IncomingMessage, socket: Socket, head: Buffer) => {
    const refusal = judgeProxyAnswer(answer.statusCode ?? 0, answer.headers);
    socket.setTimeout(0);
    if (refusal !== undefined) {
      socket.on('error', () => undefined).destroy();
      return conclude(new ProxyError(refusal), null);
    }
    conclude(null, socket);
    // The request is written by now, so this is taken for its answer, as over a connection without a proxy. What undici
    // finds before it writes makes it connect again, and again.
    if (head.length > 0) socket.unshift(head);
  });
  request.on('error', (error: NodeJS.ErrnoException) =>
    conclude(proxyFault(`the connection to the proxy failed (${error.code ?? error.name})`, error), null),
  );
  request.end();
  return request;
}

function connectToProxy(options: TunnelOptions, fail: (error: ProxyError) => void): Socket {
  const { proxy, lookup, connectTimeoutMs, tls } = options;
  const where = { host: proxy.hostname, port: proxy.port, lookup };
  const socket =
    proxy.protocol === 'http:'
      ? connectTcp(where)
      : connectTls({
          ...where,
          ...tls,
          ALPNProtocols: ['http/1.1'],
          ...(isIP(proxy.hostname) === 0 ? { servername: proxy.hostname } : {}),
        });
  const isLate = (): void => fail(proxyFault('the proxy was not connected to in time'));
  socket.setNoDelay(true);
  socket.setTimeout(connectTimeoutMs, isLate);
  socket.once(proxy.protocol === 'http:' ? 'connect' : 'secureConnect', () => {
    socket.off('timeout', isLate);
    socket.setTimeout(connectTimeoutMs * 2, () => fail(proxyFault('the proxy did not answer in time')));
  });
  return socket;
}
