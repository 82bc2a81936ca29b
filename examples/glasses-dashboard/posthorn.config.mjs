/** What `npx posthorn` needs to know of this application: the same as the backend. */
export { webhookOptions as default } from './webhooks.mjs';
