/** The backend of the dashboard: models are uploaded, users look for glasses, and every match is pushed to whoever wants it. */
import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { WebhookDispatcher } from 'posthorn';
import { Matcher } from './matcher.mjs';
import { webhookOptions } from './webhooks.mjs';

const matcher = new Matcher();
const webhooks = new WebhookDispatcher(webhookOptions());
webhooks.on('alert.raised', ({ detail }) => console.error(`ALERT: ${detail}`));
await webhooks.start(); // takes up what an earlier run left, and from now on every edit of webhook_config.json

/** @type {Record<string, (body: any) => Promise<unknown>>} */
const routes = {
  async 'POST /api/models'({ name, image, data, uploadedBy }) {
    matcher.add(name, image, Buffer.from(data, 'base64'));
    await webhooks.emit('upload', { model_name: name, has_thumbnail: true, uploaded_by: uploadedBy });
    return { model_name: name };
  },

  async 'POST /api/rebuild'() {
    const result = { models_count: matcher.rebuild(), success: true };
    await webhooks.emit('rebuild', result);
    return result;
  },

  async 'POST /api/match'({ images }) {
    const best = matcher.match(images.map((/** @type {string} */ data) => Buffer.from(data, 'base64')));
    if (best === undefined) return { best_model: null };
    const result = {
      best_model: best.name,
      confidence: best.confidence,
      source_image: best.image,
      model_url: signedUrl(best.name),
      timestamp: new Date().toISOString(),
      images_count: images.length,
    };
    // On the disk when this resolves. The user does not wait for any receiver.
    await webhooks.emit('match', result);
    return result;
  },
};

const urlKey = process.env['MODEL_URL_KEY'] ?? randomBytes(32);

/**
 * A link to a model that is valid for an hour.
 *
 * @param {string} name
 */
function signedUrl(name) {
  const expires = Math.floor(Date.now() / 1_000) + 3_600;
  const signature = createHmac('sha256', urlKey).update(`${name}.${expires}`).digest('hex');
  return `https://models.example.com/${encodeURIComponent(name)}?expires=${expires}&signature=${signature}`;
}

const server = createServer(async (request, response) => {
  const route = routes[`${request.method} ${request.url}`];
  try {
    const answer = route === undefined ? { error: 'Not found' } : await route(await json(request));
    response.writeHead(route === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
});

server.listen(Number(process.env['PORT'] ?? 3001), '127.0.0.1', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`Dashboard on http://127.0.0.1:${address.port}`);
});

process.once('SIGTERM', () => {
  server.close();
  void webhooks.stop().finally(() => process.exit());
});
