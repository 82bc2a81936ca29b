/**
 * The file store: durable, with nothing to install.
 *
 * @module
 */
export { fileStore, type FileStoreLogger, type FileStoreOptions } from './file-store.ts';
export type { EncryptionOptions } from '../codec/keyring.ts';
