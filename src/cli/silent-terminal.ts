import type { Terminal } from './terminal.ts';

/** Nobody is there: nothing is shown, asked or read. */
export const silentTerminal: Terminal = {
  env: {},
  folder: '.',
  isInteractive: false,
  isTerminal: false,
  signal: new AbortController().signal,
  print: () => undefined,
  tell: () => undefined,
  showProgress: () => undefined,
  ask: () => Promise.resolve(''),
  readInput: () => Promise.resolve(''),
  readInputBytes: () => Promise.resolve(Buffer.alloc(0)),
};
