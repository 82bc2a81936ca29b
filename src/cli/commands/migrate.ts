import { defineCommand } from '../command.ts';
import { CliError, EXIT_CODE } from '../exit-code.ts';
import { migrateStore } from '../migrate-store.ts';

export const migrate = defineCommand<[], Record<never, never>>({
  name: 'migrate',
  summary: 'Make the tables of a database, or bring them to the version of this release',
  description:
    'Safe while applications of the same release run; several at once wait for each other. Stores do it by themselves when they are opened, unless they have autoMigrate: false. For a migration tool of your own see posthorn schema.',
  examples: ['migrate --store postgres://app@localhost:5432/app', 'migrate --store sqlite:./webhooks.db'],
  async run(cli, _args, flags) {
    const migrated = await migrateStore(flags, cli.terminal);
    if (migrated === undefined)
      throw new CliError(EXIT_CODE.wrongUse, 'A folder has no tables to migrate: it is read as it is.');
    cli.output.answer(migrated, () => `${migrated.store} has the tables of this release.`);
  },
});
