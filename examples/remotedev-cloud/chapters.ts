/** What happens in the story, in this order. */
import type { Customer } from './customer.ts';
import { Metrics } from './metrics.ts';
import { ServerProcess } from './server-process.ts';
import { check, tell, tellTitle, until } from './tell.ts';
import { createWebhookClient, type WebhookClient } from 'posthorn/http';

type Name = 'alice' | 'bob';

export interface World {
  /** Another one after the kill. */
  server: ServerProcess;
  readonly environment: Readonly<Record<string, string>>;
  readonly keys: Readonly<Record<Name, string>>;
  readonly alice: Customer;
  readonly bob: Customer;
  /** Ids of their webhooks. */
  readonly webhooks: Record<Name, string>;
}

export async function register(world: World): Promise<void> {
  tellTitle('Alice and Bob create a webhook each, by REST and with their own keys');
  for (const name of ['alice', 'bob'] as const) {
    const customer = world[name];
    const client = clientOf(world, name);
    const { id, secret } = await client.webhooks.create({
      name: `Webhook of ${customer.name}`,
      url: await customer.listen(),
      events: ['project.created', 'session.*'],
    });
    customer.secret = secret ?? '';
    world.webhooks[name] = id;
    check(`${customer.name} is told the secret`, /^[0-9a-f]{64}$/.test(customer.secret));
    const later = JSON.stringify([await client.webhooks.get(id), await client.webhooks.list()]);
    check('and no later answer has it', !later.includes(customer.secret));
    const { delivered } = await client.webhooks.test(id);
    check('a test arrives, and is genuine', delivered && customer.of('posthorn.test').length === 1);
  }
  const nobody = await fetch(`${world.server.url}/api/webhooks`);
  check('without a key there is nothing to see', nobody.status === 401);
}

export async function triggerEvents(world: World): Promise<void> {
  tellTitle('Alice creates a project: the row and its event are one transaction');
  const project = await createProject(world, 'alice', 'First');
  await until('Alice heard of her project', () => world.alice.of('project.created').length === 1);
  const [event] = world.alice.of('project.created');
  tell(JSON.stringify(event));
  check('Alice has heard of it', event?.data['id'] === project.id && event.data['name'] === 'First');
  check('Bob has not', world.bob.of('project.created').length === 0);
}

export async function killAndRestart(world: World): Promise<void> {
  const { alice } = world;
  tellTitle(
    'Her server answers one request with an error, and another one not at all; the service is killed',
  );
  alice.troubles.push('error', 'silence');
  const before = alice.requests;
  await createProject(world, 'alice', 'Refused');
  await until('the first one failed', async () => (await statesOf(world, 'alice')).scheduled === 1);
  await createProject(world, 'alice', 'Unanswered');
  await until('the second one is on its way', () => alice.requests === before + 2);
  await world.server.kill();
  tell('SIGKILL: one delivery waited for its next attempt, one was being sent');
  world.server = await ServerProcess.start(world.environment);
  tell('the service is started again, and its worker with it');
  await until('both arrived', () => alice.of('project.created').length === 3);
  const names = alice
    .of('project.created')
    .map(({ data }) => String(data['name']))
    .sort();
  check(`all projects arrived: ${names.join(', ')}`, new Set(names).size === 3);
}

export async function failAndRetry(world: World): Promise<void> {
  const { bob } = world;
  tellTitle('The server of Bob is down, until the delivery is given up');
  bob.isDown = true;
  await createProject(world, 'bob', 'Too early');
  await until('it was given up', async () => (await statesOf(world, 'bob')).exhausted === 1);
  const client = clientOf(world, 'bob');
  const [delivery] = (await client.webhooks.deliveries(world.webhooks.bob, { state: ['exhausted'] })).items;
  const { attempt_log: attempts } = await client.deliveries.get(delivery?.id ?? '');
  for (const { attempt, detail } of attempts) tell(`attempt ${attempt}: ${detail ?? ''}`);
  check('three attempts are on record', attempts.length === 3);
  bob.isDown = false;
  const { retried } = await client.queue.retryFailed({ webhookId: world.webhooks.bob });
  check('Bob has what failed tried again, when his server is back', retried === 1);
  await until('it arrived', () => bob.of('project.created').length === 1);
  check('it arrived', bob.of('project.created')[0]?.data['name'] === 'Too early');
}

export async function readNumbers(world: World): Promise<void> {
  tellTitle('The queue in numbers, for its user; and all of it, for Prometheus');
  for (const name of ['alice', 'bob'] as const) {
    await until(
      'nothing is left',
      async () => (await clientOf(world, name).queue.stats()).pending_deliveries === 0,
    );
    const stats = await clientOf(world, name).queue.stats();
    const { succeeded, exhausted } = stats.by_state;
    tell(
      `${name}: ${succeeded} succeeded, ${exhausted} given up, ${stats.retry_queue_size} to be tried again`,
    );
    check('as many as there were events', succeeded === (name === 'alice' ? 3 : 1) && exhausted === 0);
  }
  const response = await fetch(`${world.server.url}/metrics`);
  const metrics = new Metrics(await response.text());
  const [succeeded, exhausted] = ['succeeded', 'exhausted'].map((state) =>
    metrics.sum('posthorn_deliveries_total', { state }),
  );
  // Since the process was started: two after the kill, one at the second go; and one was given up before.
  check('Prometheus reads three deliveries and one given up', succeeded === 3 && exhausted === 1);
  tell(`success rate ${(metrics.successRate * 100).toFixed(0)} %`);
  tell(`95 % of all attempts took at most ${metrics.latencyUnder(0.95)} s`);
  check('the latency is known', metrics.latencyUnder(0.95) > 0);
  for (const { name, forged } of [world.alice, world.bob])
    check(`${name} could verify every request`, forged.length === 0);
}

function clientOf({ server, keys }: World, name: Name): WebhookClient {
  return createWebhookClient({ baseUrl: `${server.url}/api`, apiKey: keys[name] });
}

async function statesOf(world: World, name: Name): Promise<Readonly<Record<string, number>>> {
  return (await clientOf(world, name).webhooks.stats(world.webhooks[name])).by_state;
}

async function createProject(world: World, name: Name, title: string): Promise<{ readonly id: string }> {
  const response = await fetch(`${world.server.url}/api/projects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.keys[name]}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: title }),
  });
  if (response.status !== 201) throw new Error(`POST /api/projects answered ${response.status}`);
  return ((await response.json()) as { readonly data: { readonly id: string } }).data;
}
