import type { CompiledQuery } from 'kysely';

/** What `CompiledQuery.raw` of Kysely makes: by its shape, so that Kysely need not be loaded to speak to an instance of it. */
export function rawQuery(sql: string, parameters: readonly unknown[] = []): CompiledQuery {
  return {
    sql,
    parameters: [...parameters],
    query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
    queryId: { queryId: 'posthorn' },
  };
}
