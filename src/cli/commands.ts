/** All commands, in the order in which `--help` lists them. */
import type { CliCommand } from './command.ts';
import { add } from './commands/add.ts';
import { attempts } from './commands/attempts.ts';
import { completions } from './commands/completions.ts';
import { deliveries } from './commands/deliveries.ts';
import { doctor } from './commands/doctor.ts';
import { emit } from './commands/emit.ts';
import { events } from './commands/events.ts';
import { explain } from './commands/explain.ts';
import { list } from './commands/list.ts';
import { listen } from './commands/listen.ts';
import { messages } from './commands/messages.ts';
import { migrate } from './commands/migrate.ts';
import { pause, resume } from './commands/pause.ts';
import { prune } from './commands/prune.ts';
import { remove } from './commands/remove.ts';
import { replay } from './commands/replay.ts';
import { cancel, retry } from './commands/retry.ts';
import { rotateSecret } from './commands/rotate-secret.ts';
import { schema } from './commands/schema.ts';
import { show } from './commands/show.ts';
import { sign } from './commands/sign.ts';
import { stats } from './commands/stats.ts';
import { disable, enable } from './commands/switch.ts';
import { test } from './commands/test.ts';
import { update } from './commands/update.ts';
import { verify } from './commands/verify.ts';

export const COMMANDS: readonly CliCommand[] = [
  add,
  list,
  show,
  update,
  remove,
  test,
  enable,
  disable,
  pause,
  resume,
  rotateSecret,
  stats,
  deliveries,
  attempts,
  retry,
  cancel,
  replay,
  emit,
  messages,
  explain,
  events,
  listen,
  verify,
  sign,
  doctor,
  migrate,
  schema,
  prune,
  completions,
];
