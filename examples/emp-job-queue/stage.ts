/** Everything that the story needs: a database, instances of the queue, systems that want webhooks, and a monitor that hears what is broadcast. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Health } from 'posthorn';
import { ExternalSystem } from './external-system.ts';
import { InstanceProcess } from './instance-process.ts';
import { openDatabase, type StoryDatabase } from './postgres.ts';
import { print } from './print.ts';
import { STORY_RETRIES, SUBSCRIPTIONS } from './subscriptions.ts';
import type { MonitorEvent } from './webhooks.ts';

/** If something is not so by then, it will not be. */
const PATIENCE_MS = 15_000;
const LOOK_EVERY_MS = 20;

export class Stage {
  /** By name. */
  readonly systems = new Map<string, ExternalSystem>();
  /** All that was broadcast since there is a monitor. */
  readonly heard: MonitorEvent[] = [];
  readonly #database: StoryDatabase;
  readonly #instances = new Map<string, InstanceProcess>();
  readonly #webhookIds = new Map<string, string>();
  readonly #storeKey = randomBytes(32).toString('base64');

  private constructor(database: StoryDatabase) {
    this.#database = database;
  }

  static async open(): Promise<Stage> {
    const stage = new Stage(await openDatabase());
    for (const { name, webhook } of SUBSCRIPTIONS)
      stage.systems.set(name, await ExternalSystem.start(name, webhook.secret));
    return stage;
  }

  system(name: string): ExternalSystem {
    return this.systems.get(name)!;
  }

  instance(machine: string): InstanceProcess {
    return this.#instances.get(machine)!;
  }

  webhookId(name: string): string {
    return this.#webhookIds.get(name)!;
  }

  /** Side by side. */
  async startInstances(...machines: readonly string[]): Promise<void> {
    const env = {
      DATABASE_URL: this.#database.url,
      DATABASE_SCHEMA: this.#database.schema,
      STORE_KEY: this.#storeKey,
      ALLOW_PRIVATE: '127.0.0.0/8', // the systems are on this machine
      LEASE_MS: '1000', // so that the story need not wait for a minute
    };
    const start = async (name: string): Promise<void> => {
      const instance = await InstanceProcess.start({ name, env, onLine: (line) => this.#tell(name, line) });
      this.#instances.set(name, instance);
    };
    await Promise.all(machines.map(start));
  }

  /** Registers all webhooks, at one instance after the other, and waits until each instance knows them. */
  async register(): Promise<void> {
    const machines = [...this.#instances.keys()];
    for (const [index, { name, webhook }] of SUBSCRIPTIONS.entries()) {
      const machine = machines[index % machines.length]!;
      const body = { url: this.system(name).url, ...webhook, retry_config: STORY_RETRIES };
      const { id } = await this.call<{ id: string }>(machine, 'POST', '/api/webhooks', body);
      this.#webhookIds.set(name, id);
    }
    for (const machine of machines)
      await this.until(
        async () => (await this.health(machine)).endpoints === SUBSCRIPTIONS.length,
        `${machine} knows the webhooks`,
      );
  }

  /** From now on a monitor at this instance hears what all of them broadcast. */
  async watch(machine: string): Promise<void> {
    await this.instance(machine).watch((event) => this.heard.push(event));
  }

  /** The data of an answer, which must be a success. */
  async call<Data>(machine: string, method: string, path: string, body?: object): Promise<Data> {
    const answer = await this.instance(machine).call(method, path, body);
    if (answer.body.success === true) return answer.body.data as Data;
    throw new Error(`${method} ${path} was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  /** @returns the id of the job */
  async submit(machine: string, job: object): Promise<string> {
    return (await this.call<{ job_id: string }>(machine, 'POST', '/api/jobs', job)).job_id;
  }

  /** What the dispatcher of an instance says of itself. */
  async health(machine: string): Promise<Health> {
    return JSON.parse(await this.instance(machine).read('/health')) as Health;
  }

  /** Whether a system has accepted all that it asked for and that was broadcast so far. */
  hasArrived(name: string): boolean {
    const { wants } = SUBSCRIPTIONS.find((subscription) => subscription.name === name)!;
    const accepted = new Set(this.system(name).accepted.map(({ event_id }) => event_id));
    return this.heard.filter(wants).every(({ event_id }) => accepted.has(event_id!));
  }

  /** How many events of these types were broadcast. */
  count(...types: readonly string[]): number {
    return this.heard.filter(({ type }) => types.includes(type)).length;
  }

  async until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const startedAt = performance.now();
    while (!(await isSo())) {
      if (performance.now() - startedAt > PATIENCE_MS) throw new Error(`waited in vain until ${what}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Ends everything, and removes what it left behind. */
  async close(): Promise<void> {
    await Promise.all([...this.#instances.values()].map((instance) => instance.kill()));
    await Promise.all([...this.systems.values()].map((system) => system.close()));
    await this.#database.close();
  }

  /** Beside the id of a webhook stands whose it is. What audit gets is most of what there is, and tells nothing new. */
  #tell(machine: string, line: string): void {
    const [name = ''] = [...this.#webhookIds].find(([, id]) => line.includes(id)) ?? [];
    if (name === 'audit' && line.includes('delivered successfully')) return;
    print(`  ${machine.padEnd(14)}  ${name.padEnd(9)}  ${line}`);
  }
}
