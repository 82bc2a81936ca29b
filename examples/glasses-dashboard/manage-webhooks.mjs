/**
 * The commands that people know, on top of `posthorn`: `node manage-webhooks.mjs add|list|test|remove|stats|enable|disable`.
 * Whatever else `posthorn` can do works as well: `deliveries`, `attempts`, `replay`, `doctor`, … Also while the backend runs.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { WebhookDispatcher } from 'posthorn';
import { webhookOptions } from './webhooks.mjs';

const require = createRequire(import.meta.url);
const manifest = require.resolve('posthorn/package.json');
const POSTHORN = join(dirname(manifest), require(manifest).bin.posthorn);

const [command = '--help', ...given] = process.argv.slice(2);
if (command === 'list' && given.length === 0) await list();
else process.exitCode = posthorn(argumentsOf(command, given)) ?? 1;

/**
 * Runs it in this folder, where it finds posthorn.config.mjs.
 *
 * @param {readonly string[]} args
 */
function posthorn(args) {
  return spawnSync(process.execPath, [POSTHORN, ...args], {
    cwd: import.meta.dirname,
    stdio: 'inherit',
  }).status;
}

/**
 * What people leave out here, and `posthorn` wants to be told.
 *
 * @param {string} name
 * @param {readonly string[]} args
 * @returns {readonly string[]}
 */
function argumentsOf(name, args) {
  if (name === 'disable' && args.length === 0) return ['disable', '--discard', '--yes'];
  if (name !== 'add') return [name, ...args];
  const flagsAt = args.findIndex((word) => word.startsWith('-'));
  const words = flagsAt < 0 ? args : args.slice(0, flagsAt);
  const [url, title, events = 'match'] = words;
  if (url === undefined) return [name, ...args];
  // For `posthorn` no name would be all events.
  if (title === undefined) {
    console.error('manage-webhooks: add needs a name, too: node manage-webhooks.mjs add URL NAME [EVENTS]');
    process.exit(2);
  }
  return [name, url, title, events, ...args.slice(words.length)];
}

/** @import { Endpoint, Logger } from 'posthorn' */

/** As people know it. It asks the store itself, for every endpoint and for the switch. */
async function list() {
  const silent = () => {};
  /** @type {Logger} */
  const logger = {
    debug: silent,
    info: silent,
    warn: silent,
    error: (_fields, message) => console.error(printable(message)),
  };
  const webhooks = new WebhookDispatcher({ ...webhookOptions(), deliver: false, logger });
  try {
    await webhooks.start();
    console.log('Configured Webhooks:');
    console.log('━'.repeat(60));
    let count = 0;
    /** @type {string | undefined} */
    let cursor;
    do {
      const page = await webhooks.endpoints.list({ cursor, limit: 500 });
      for (const endpoint of page.items) console.log(describe(endpoint, (count += 1)));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    if (count === 0) console.log('\nNone. Add one: node manage-webhooks.mjs add URL NAME');
    const { whilePaused } = await webhooks.health();
    if (whilePaused !== undefined)
      console.log('\nAll of them are switched off: node manage-webhooks.mjs enable');
  } catch (error) {
    console.error(`manage-webhooks: ${printable(error instanceof Error ? error.message : String(error))}`);
    process.exitCode = 1;
  } finally {
    await webhooks.stop();
  }
}

/**
 * @param {Endpoint} endpoint
 * @param {number} number
 */
function describe({ id, name, status, url, events, succeeded, failed, lastTriggeredAt }, number) {
  return `
${number}. ${printable(name ?? id)} ${status === 'enabled' ? '✓' : '✗'}
   ID:             ${id}
   URL:            ${url}
   Events:         ${printable(events.join(', '))}
   Success:        ${succeeded}
   Failures:       ${failed}
   Last Triggered: ${lastTriggeredAt === undefined ? 'Never' : new Date(lastTriggeredAt).toLocaleString('en-US')}`;
}

/**
 * On one line of a terminal: what would move its cursor, change its colours or turn the reading direction is shown, not done.
 *
 * @param {string} text
 */
function printable(text) {
  return text.replace(
    /[\p{Cc}\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
