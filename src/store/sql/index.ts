/** The SQL store: `posthorn/sql`. */
export type { EncryptionOptions } from '../codec/keyring.ts';
export { sqlStore, type SqlStoreOptions } from './create-sql-store.ts';
export { sqlSchema, type SqlSchemaOptions } from './schema/sql-schema.ts';
export type { SqlDialectTarget, SqlTarget } from './target.ts';
