/**
 * The commands that people know, on top of `posthorn`: `node manage-webhooks.mjs add|list|test|remove|stats|enable|disable`.
 * Whatever else `posthorn` can do works as well: `deliveries`, `attempts`, `replay`, `doctor`, … Also while the backend runs.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { configFileIn, FOLDER } from './webhooks.mjs';

const require = createRequire(import.meta.url);
const manifest = require.resolve('posthorn/package.json');
const POSTHORN = join(dirname(manifest), require(manifest).bin.posthorn);

const [command = '--help', ...given] = process.argv.slice(2);
if (command === 'list' && given.length === 0) list();
else process.exitCode = posthorn(argumentsOf(command, given), 'inherit').status ?? 1;

/**
 * Runs it in this folder, where it finds posthorn.config.mjs.
 *
 * @param {readonly string[]} args
 * @param {'inherit' | 'pipe'} stdout
 */
function posthorn(args, stdout) {
  return spawnSync(process.execPath, [POSTHORN, ...args], {
    cwd: import.meta.dirname,
    stdio: ['inherit', stdout, 'inherit'],
    encoding: 'utf8',
  });
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
  if (url === undefined || title === undefined) return [name, ...args];
  return [name, url, title, events, ...args.slice(words.length)];
}

/** @typedef {import('posthorn/http').WebhookResource} WebhookResource */

function list() {
  const { status, stdout } = posthorn(['list', '--json'], 'pipe');
  if (status !== 0) {
    process.exitCode = status ?? 1;
    return;
  }
  /** @type {{ data: readonly WebhookResource[] }} */
  const { data } = JSON.parse(stdout);
  /** @type {{ enabled?: boolean }} */
  const { enabled = true } = JSON.parse(readFileSync(configFileIn(FOLDER), 'utf8'));
  console.log('Configured Webhooks:');
  console.log('━'.repeat(60));
  data.forEach((webhook, index) => console.log(describe(webhook, index + 1)));
  if (data.length === 0) console.log('\nNone. Add one: node manage-webhooks.mjs add URL NAME');
  if (!enabled) console.log('\nAll of them are switched off: node manage-webhooks.mjs enable');
}

/**
 * @param {WebhookResource} webhook
 * @param {number} number
 */
function describe(webhook, number) {
  const { last_triggered_at: triggeredAt } = webhook;
  return `
${number}. ${webhook.name ?? webhook.id} ${webhook.active ? '✓' : '✗'}
   ID:             ${webhook.id}
   URL:            ${webhook.url}
   Events:         ${webhook.events.join(', ')}
   Success:        ${webhook.successful_deliveries}
   Failures:       ${webhook.failed_deliveries}
   Last Triggered: ${triggeredAt === undefined ? 'Never' : new Date(triggeredAt).toLocaleString('en-US')}`;
}
