import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointsFile } from '../../../../src/store/file/endpoints-file/endpoints-file.ts';
import { type Content, type Endpoint, FileWorld, record } from './file-world.ts';

/** What somebody does. Endpoints are chosen by number, modulo how many there are. */
type Step =
  | { readonly kind: 'create' | 'reload' | 'restart' | 'refresh' }
  | { readonly kind: 'describe' | 'remove'; readonly which: number }
  | {
      readonly kind: 'save';
      readonly edits: readonly {
        readonly kind: 'type' | 'name' | 'team' | 'delete' | 'top';
        readonly which: number;
      }[];
      readonly how: 'rename' | 'write';
      readonly isNoticed: boolean;
    };

const which = fc.nat(20);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('create' as const, 'reload' as const, 'restart' as const, 'refresh' as const),
  }),
  fc.record({ kind: fc.constantFrom('describe' as const, 'describe' as const, 'remove' as const), which }),
  fc.record({
    kind: fc.constant('save' as const),
    edits: fc.array(fc.record({ kind: fc.constantFrom('type', 'name', 'team', 'delete', 'top'), which }), {
      minLength: 1,
      maxLength: 3,
    }),
    how: fc.constantFrom('rename', 'write'),
    isNoticed: fc.boolean(),
  }),
);

/** What must be in the file for one endpoint. Its tag is the end of its URL. */
interface Expected {
  name: unknown;
  team: unknown;
  /** Posthorn alone writes it. */
  description: unknown;
}

/** A person with an editor that never notices what happens outside, Posthorn, and what should come of it. */
class Model {
  readonly #world: FileWorld;
  #file: EndpointsFile;
  readonly #expected = new Map<string, Expected>();
  #top: unknown = undefined;
  /** What the editor shows. */
  #buffer: Content = { endpoints: [] };
  /** What Posthorn did since the editor read the file. */
  #createdSince = new Set<string>();
  #removedSince = new Set<string>();
  #described = new Set<string>();
  #count = 0;

  constructor(world: FileWorld, file: EndpointsFile) {
    this.#world = world;
    this.#file = file;
  }

  async run(step: Step): Promise<void> {
    switch (step.kind) {
      case 'create': {
        const tag = this.#tag();
        await this.#file.put({ record: record({ id: tag, url: urlOf(tag) }), expectedRevision: 0 });
        this.#expected.set(tag, { name: undefined, team: undefined, description: undefined });
        this.#createdSince.add(tag);
        return;
      }
      case 'describe':
        return this.#describe(step.which);
      case 'remove': {
        const found = this.#choose(step.which);
        if (found === undefined) return;
        expect(await this.#file.remove(found.id)).toBe(true);
        this.#expected.delete(tagOf(found.url));
        this.#removedSince.add(tagOf(found.url));
        this.#createdSince.delete(tagOf(found.url));
        return;
      }
      case 'save': {
        for (const { kind, which } of step.edits) this.#edit(kind, which);
        this.#world.save(this.#buffer, step.how);
        this.#saved();
        if (step.isNoticed) await this.#file.refresh();
        return;
      }
      case 'restart':
        await this.#file.close();
        this.#file = await this.#world.open();
        // Nobody remembers what an editor has missed.
        return this.#reload();
      case 'reload':
        await this.#file.refresh();
        return this.#reload();
      case 'refresh':
        return this.#file.refresh();
    }
  }

  /** All that was said is in the file, and in force, and is so after a restart. */
  async check(): Promise<void> {
    await this.#file.refresh();
    const content = this.#world.content();
    const inFile = content.endpoints.map((endpoint) => [
      tagOf(endpoint['url']),
      { name: endpoint['name'], team: endpoint['team'], description: endpoint['description'] },
    ]);
    expect(Object.fromEntries(inFile)).toEqual(Object.fromEntries(this.#expected));
    expect(content['owner']).toEqual(this.#top);
    const words = [...content.endpoints.map((endpoint) => 'enabled' in endpoint), 'enabled' in content];
    expect(new Set(words).size).toBe(1);
    const inForce = this.#file.list({ limit: 1_000 }).items;
    expect(inForce.map(({ id }) => id).sort()).toEqual(content.endpoints.map(({ id }) => id).sort());
    const restarted = await this.#world.open();
    expect(restarted.list({ limit: 1_000 }).items.toSorted(byId)).toEqual(inForce.toSorted(byId));
    await restarted.close();
    expect(this.#world.problems.filter(({ kind }) => kind !== 'outdated')).toEqual([]);
    expect(this.#world.names()).toEqual(['endpoints.json']);
  }

  async #describe(which: number): Promise<void> {
    const found = this.#choose(which);
    if (found === undefined) return;
    const description = `text ${(this.#count += 1)}`;
    // As an application does: once more when somebody was faster.
    for (;;) {
      const { revision, ...rest } = this.#file.get(found.id)!;
      const result = await this.#file.put({
        record: { ...rest, revision, description },
        expectedRevision: revision,
      });
      if (result.kind === 'stored') break;
    }
    this.#expected.get(tagOf(found.url))!.description = description;
    this.#described.add(tagOf(found.url));
  }

  /** One that Posthorn and the file both have: others are on their way in or out. */
  #choose(which: number): { readonly id: string; readonly url: string } | undefined {
    const found = this.#file.list({ limit: 1_000 }).items.filter(({ url }) => this.#expected.has(tagOf(url)));
    return found[which % Math.max(1, found.length)];
  }

  #edit(kind: 'type' | 'name' | 'team' | 'delete' | 'top', which: number): void {
    const { endpoints } = this.#buffer;
    const value = `value ${(this.#count += 1)}`;
    const endpoint = endpoints[which % Math.max(1, endpoints.length)];
    if (kind === 'top') this.#buffer['owner'] = { name: value };
    else if (kind === 'type') endpoints.push({ team: value, url: urlOf(this.#tag()) });
    else if (endpoint === undefined) return;
    else if (kind === 'delete') endpoints.splice(endpoints.indexOf(endpoint), 1);
    else endpoint[kind] = value;
  }

  #saved(): void {
    this.#top = this.#buffer['owner'];
    const saved = new Map(this.#buffer.endpoints.map((endpoint) => [tagOf(endpoint['url']), endpoint]));
    for (const tag of this.#expected.keys()) {
      if (!saved.has(tag) && !this.#createdSince.has(tag)) this.#expected.delete(tag);
    }
    for (const [tag, endpoint] of saved) {
      // Removed meanwhile by Posthorn; one that is typed without an id is a new one.
      if (this.#removedSince.has(tag) && endpoint['revision'] !== undefined) continue;
      this.#expected.set(tag, this.#expectedOf(tag, endpoint));
    }
  }

  #expectedOf(tag: string, { name, team, description }: Endpoint): Expected {
    const before = this.#expected.get(tag);
    const isNewer = this.#described.has(tag) && before !== undefined;
    return { name, team, description: isNewer ? before.description : description };
  }

  #reload(): void {
    this.#buffer = this.#world.content();
    this.#createdSince.clear();
    this.#removedSince.clear();
    this.#described.clear();
  }

  #tag(): string {
    return `t${(this.#count += 1)}`;
  }
}

function urlOf(tag: string): string {
  return `https://example.com/${tag}`;
}

function tagOf(url: unknown): string {
  return String(url).slice('https://example.com/'.length);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}

describe('a person and Posthorn, in any order', () => {
  it('lose no endpoint, no change and no key of one another', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom({}, { enabled: true }),
        fc.array(step, { minLength: 3, maxLength: 15 }),
        async (top, steps) => {
          await using world = new FileWorld();
          world.save({ ...top, endpoints: [] });
          const model = new Model(world, await world.open());
          await model.run({ kind: 'reload' });
          for (const each of steps) await model.run(each);
          await model.check();
        },
      ),
      { numRuns: 100 },
    );
  });
});
