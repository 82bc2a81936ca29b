/** The backend of the dashboard: models are uploaded, users look for glasses, and every match is pushed to whoever wants it. */
import { createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { WebhookDispatcher } from 'posthorn';
import { Matcher } from './matcher.mjs';
import { InputError, readBody, readImage, readImages, readName } from './read-input.mjs';
import { webhookOptions } from './webhooks.mjs';

const matcher = new Matcher();
const webhooks = new WebhookDispatcher(webhookOptions());
webhooks.on('alert.raised', ({ detail }) => console.error(`ALERT: ${detail}`));
await webhooks.start(); // takes up what an earlier run left, and from now on every edit of webhook_config.json

/** @type {Record<string, (body: Record<string, unknown>) => Promise<unknown>>} */
const routes = {
  async 'POST /api/models'(body) {
    const name = readName('name', body['name']);
    const image = readName('image', body['image']);
    const bytes = readImage('data', body['data']);
    const uploadedBy = readName('uploadedBy', body['uploadedBy']);
    matcher.add(name, image, bytes);
    await webhooks.emit('upload', { model_name: name, has_thumbnail: true, uploaded_by: uploadedBy });
    return { model_name: name };
  },

  async 'POST /api/rebuild'() {
    const result = { models_count: matcher.rebuild(), success: true };
    await webhooks.emit('rebuild', result);
    return result;
  },

  async 'POST /api/match'(body) {
    const images = readImages('images', body['images']);
    const best = matcher.match(images);
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
  /** @type {(status: number, answer: unknown) => void} */
  const reply = (status, answer) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  try {
    if (route === undefined) reply(404, { error: 'Not found' });
    else reply(200, await route(await readBody(request)));
  } catch (error) {
    if (error instanceof InputError) return reply(400, { error: error.message });
    console.error(error);
    reply(500, { error: 'Internal error' });
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
