/**
 * Posthorn: webhooks sent from inside your application.
 *
 * @module
 */
export { WebhookDispatcher, type StopOptions } from './dispatcher.ts';
export type { DispatcherOptions, NetworkOptions } from './options.ts';
export { memoryStore, type MemoryStoreOptions } from './store/memory/memory-store.ts';
export { undiciTransport, type UndiciTransportOptions } from './transport/undici-transport.ts';
// export { kyTransport, type KyTransportOptions } from './transport/ky-transport.ts';
export {
  ConflictError,
  FunctionError,
  isPosthornError,
  ListenerError,
  NotFoundError,
  OptionsError,
  PayloadError,
  PosthornError,
  SourceOverflowError,
  StoppedError,
  StoreError,
  type ErrorCode,
} from './errors.ts';
