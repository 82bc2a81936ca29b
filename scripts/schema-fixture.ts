/**
 * Writes the newest version of the tables of the SQL store to test/store/sql/schema-versions/: `npx tsx scripts/schema-fixture.ts`. A version that
 * was published is never written again: what comes after it is the next version.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SCHEMA_VERSION } from '../src/store/sql/schema/schema.ts';
import { sqlSchema } from '../src/store/sql/schema/sql-schema.ts';

for (const dialect of ['sqlite', 'postgres', 'mysql'] as const) {
  const url = new URL(`../test/store/sql/schema-versions/${SCHEMA_VERSION}.${dialect}.sql`, import.meta.url);
  writeFileSync(fileURLToPath(url), sqlSchema(dialect));
}
