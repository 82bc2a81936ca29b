/** The webhooks of the dashboard: all that had to be configured. The backend and its command line share it. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileStore } from 'posthorn/file';

/** @import { DispatcherOptions, EnvelopeFunction, Logger } from 'posthorn' */

/** Where `webhook_config.json` lies, which people edit, and the folder `webhooks`, which they leave alone. */
export const FOLDER = process.env['WEBHOOK_FOLDER'] ?? import.meta.dirname;

/** @param {string} folder */
export const configFileIn = (folder) => join(folder, 'webhook_config.json');

/**
 * The body that receivers know. The timestamp is that of the event, so every attempt has the same bytes.
 *
 * @type {EnvelopeFunction}
 */
const dashboard = ({ message, dataJson }) => ({
  body: `{"event":"${message.type}","timestamp":"${new Date(message.timestamp).toISOString()}","data":${dataJson}}`,
  contentType: 'application/json',
});

/** @type {Logger} */
const logger = { debug: () => {}, info: () => {}, warn: tell, error: tell };

/**
 * To the console of the backend, where people look for webhook errors.
 *
 * @param {object} fields
 * @param {string} message
 */
function tell(fields, message) {
  console.error(`[webhooks] ${message} ${JSON.stringify(fields)}`);
}

/**
 * @param {string} folder
 * @returns {DispatcherOptions}
 */
export function webhookOptions(folder = FOLDER) {
  const endpointsFile = configFileIn(folder);
  if (!existsSync(endpointsFile)) writeFileSync(endpointsFile, '{ "enabled": true, "endpoints": [] }\n');
  return {
    store: fileStore(join(folder, 'webhooks'), { endpointsFile }),
    logger,
    functions: { envelope: { dashboard } },
    envelope: 'dashboard',
    // New, and in nobody's way: by this a receiver knows what it has had already.
    computedHeaders: { 'X-Webhook-ID': 'message.id' },
    // Receivers check a header that somebody wrote into the file: X-Webhook-Secret.
    signatures: ['none'],
    secretPolicy: 'optional',
    timeoutMs: 10_000,
    // Sent once. An endpoint in the file may say "retry": "default", "short", or a schedule of its own.
    retry: 'once',
    // Only people switch endpoints off.
    autoDisable: false,
    onGone: 'retry',
    alerts: { successRate: { below: 0.9 } },
    testMessage: () => ({ type: 'test', data: { message: 'This is a test of your webhook' } }),
    // Receivers in your own network: WEBHOOK_PRIVATE_NETWORKS=10.0.0.0/8,192.168.0.0/16
    network: { allowPrivate: process.env['WEBHOOK_PRIVATE_NETWORKS']?.split(',') },
  };
}
