import { Option } from 'commander';
import { defineCommand } from '../command.ts';
import { wholeFlag } from '../flag-values.ts';

interface SchemaFlags {
  readonly dialect: 'sqlite' | 'postgres' | 'mysql';
  readonly prefix?: string;
  readonly schema?: string;
  readonly from?: number;
}

export const schema = defineCommand<[], SchemaFlags>({
  name: 'schema',
  summary: 'Print the SQL that makes the tables, for a migration tool of your own',
  description: 'The application then opens its store with autoMigrate: false.',
  examples: [
    'schema --dialect postgres > migrations/0007-posthorn.sql',
    'schema --dialect postgres --from 3 --schema webhooks',
  ],
  standsAlone: true,
  define: (command) =>
    void command
      .addOption(
        new Option('--dialect <dialect>', 'which SQL')
          .choices(['sqlite', 'postgres', 'mysql'])
          .makeOptionMandatory(),
      )
      .option('--prefix <prefix>', 'begins the names of all tables (default: posthorn_)')
      .option('--schema <schema>', 'PostgreSQL: the schema that the tables are in')
      .option(
        '--from <version>',
        'the version that the tables have (default: 0, there are none)',
        wholeFlag(0, 1_000_000),
      ),
  async run(cli, _args, { dialect, prefix, schema: schemaName, from }) {
    const { sqlSchema } = await import('../../store/sql/index.ts');
    const sql = sqlSchema(dialect, { prefix, schema: schemaName, from });
    cli.output.answer({ dialect, sql }, () => sql.replace(/\n$/, ''));
  },
});
