import { isIPv4 } from 'node:net';
import { CliError, EXIT_CODE } from '../exit-code.ts';

/** Where a receiver listens, in words of those who are to send to it. */
export interface ListenAddress {
  /** As a sender on this machine reaches it. */
  readonly url: string;
  readonly isLoopback: boolean;
  /** What a dispatcher must allow. */
  readonly allowPrivate: string;
}

/** @param url of a receiver */
export function describeAddress(url: string): ListenAddress {
  const { hostname, port, protocol } = new URL(url);
  const address = hostname.replace(/^\[|\]$/g, '');
  // Nobody can send to "any address".
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address] ?? address;
  const isLoopback = host === '::1' || (isIPv4(host) && host.startsWith('127.'));
  const range = isIPv4(host) ? '127.0.0.0/8' : '::1/128';
  return {
    url: `${protocol}//${isIPv4(host) || !host.includes(':') ? host : `[${host}]`}:${port}/`,
    isLoopback: isLoopback && host === address,
    allowPrivate: isLoopback ? range : `${host}/${isIPv4(host) ? 32 : 128}`,
  };
}

/** Whether requests to a URL come to the receiver that listens on another: each would be followed by the next, without end. */
export function leadsTo(target: string, bound: string): boolean {
  const { hostname, port, protocol } = new URL(target);
  const own = new URL(bound);
  if (protocol !== own.protocol || (port === '' ? '80' : port) !== own.port) return false;
  if ([own.hostname, 'localhost', '0.0.0.0'].includes(hostname)) return true;
  const isAny = own.hostname === '0.0.0.0' || own.hostname === '[::]';
  return isAny && /^(?:127\.[\d.]+|\[::1?\])$/.test(hostname);
}

/** What kept a receiver from listening, for the person who asked for it. */
export function explainListenError(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EADDRINUSE':
      return new CliError(
        EXIT_CODE.unavailable,
        `Port ${port} of ${host} is taken. Give another one with --port; --port 0 takes any that is free.`,
        { cause: error },
      );
    case 'EACCES':
      return new CliError(
        EXIT_CODE.unavailable,
        `This user may not listen on port ${port}. Give one from 1024 with --port.`,
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new CliError(EXIT_CODE.wrongUse, `--host: ${host} is no address of this machine.`, {
        cause: error,
      });
    default:
      return error;
  }
}
