/** The SQL store: `posthorn/sql`. */
export { sqlSchema, type SqlSchemaOptions } from './schema/sql-schema.ts';
export { sqlStore, type SqlStoreOptions } from './create-sql-store.ts';
