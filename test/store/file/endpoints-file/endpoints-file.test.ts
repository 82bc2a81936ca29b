import { describe, expect, it } from 'vitest';
import type { EndpointRecord } from '../../../../src/core/endpoint.ts';
import type { EndpointsFile } from '../../../../src/store/file/endpoints-file/endpoints-file.ts';
import { FileWorld, record } from './file-world.ts';

const NOW = '2026-01-01T00:00:00.000Z';

async function put(
  file: EndpointsFile,
  endpoint: EndpointRecord,
  expectedRevision = 0,
): Promise<EndpointRecord> {
  const result = await file.put({ record: endpoint, expectedRevision });
  if (result.kind === 'conflict') throw new Error(`conflict with revision ${result.currentRevision}`);
  return result.record;
}

function ids(file: EndpointsFile): string[] {
  return file.list({ limit: 100 }).items.map(({ id }) => id);
}

describe('EndpointsFile', () => {
  it('has no endpoints without a file, and creates it with the first write, for its owner alone', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    expect([ids(file), file.getSwitch(), world.names()]).toEqual([[], undefined, []]);
    await put(file, record({ id: 'a', name: 'first', rateLimit: { limit: 1, intervalMs: 1_000 } }));
    expect(world.text()).toBe(`{
  "version": 1,
  "revision": 1,
  "switch": "running",
  "endpoints": [
    {
      "id": "a",
      "url": "https://example.com/hooks",
      "events": [
        "**"
      ],
      "name": "first",
      "tenant": "default",
      "status": "enabled",
      "rateLimit": {
        "limit": 1,
        "intervalMs": 1000
      },
      "secrets": [],
      "createdAt": "${NOW}",
      "updatedAt": "${NOW}",
      "revision": 1
    }
  ]
}
`);
    expect(world.mode()).toBe(0o600);
    expect(world.names()).toEqual(['endpoints.json']);
  });

  it('fills in what a person left out, and writes it back', async () => {
    await using world = new FileWorld();
    world.save({ endpoints: [{ url: 'https://example.com/hooks', events: ['job.*'] }] });
    const file = await world.open();
    const [stored] = file.list({ limit: 10 }).items;
    const createdAt = world.clock.now();
    expect(stored).toEqual({
      id: expect.stringMatching(/^ep_[A-Za-z0-9_-]{22}$/),
      url: 'https://example.com/hooks',
      events: ['job.*'],
      tenant: 'default',
      status: 'enabled',
      rateLimit: false,
      maxConcurrencyTotal: false,
      secrets: [{ value: expect.stringMatching(/^whsec_/), createdAt }],
      createdAt,
      updatedAt: createdAt,
      revision: 1,
    });
    expect(world.content().endpoints).toEqual([
      {
        ...stored,
        secrets: [{ value: stored!.secrets[0]!.value, createdAt: NOW }],
        createdAt: NOW,
        updatedAt: NOW,
      },
    ]);
    const again = await world.open();
    expect(again.list({ limit: 10 }).items).toEqual([stored]);
  });

  it('leaves a file alone in which nothing is missing', async () => {
    await using world = new FileWorld();
    const first = await world.open();
    await put(
      first,
      record({ id: 'a', secrets: [{ value: 'x'.repeat(24), createdAt: 7, expiresAt: 9, standby: true }] }),
    );
    await first.close();
    const text = world.text().replaceAll('  ', '\t');
    world.save(text);
    const second = await world.open();
    expect(second.list({ limit: 10 })).toEqual(first.list({ limit: 10 }));
    expect(world.text()).toBe(text);
  });

  it.each([
    ['a text', { secret: 'of-sixteen-bytes' }, ['of-sixteen-bytes']],
    [
      'texts',
      { secrets: ['one-of-16-bytes!', 'two-of-16-bytes!'] },
      ['one-of-16-bytes!', 'two-of-16-bytes!'],
    ],
    ['an object', { secrets: [{ value: 'of-sixteen-bytes' }] }, ['of-sixteen-bytes']],
    ['none, by intent', { secrets: [] }, []],
    ['nothing to sign with', { signatures: ['none'] }, []],
  ])('takes secrets as people type them: %s', async (_what, members, values) => {
    await using world = new FileWorld();
    world.save({ endpoints: [{ id: 'a', url: 'https://example.com', ...members }] });
    const file = await world.open();
    expect(file.get('a')?.secrets).toEqual(values.map((value) => ({ value, createdAt: world.clock.now() })));
    const [endpoint] = world.content().endpoints;
    expect(endpoint!['secrets']).toEqual(values.map((value) => ({ value, createdAt: NOW })));
    expect(endpoint).not.toHaveProperty('secret');
  });

  it('completes an ed25519 seed with its public key', async () => {
    await using world = new FileWorld();
    const seed = `whsk_${Buffer.alloc(32, 1).toString('base64')}`;
    world.save({
      endpoints: [{ id: 'a', url: 'https://example.com', signatures: ['standard-ed25519'], secret: seed }],
    });
    const file = await world.open();
    const value = file.get('a')!.secrets[0]!.value;
    expect(Buffer.from(value.slice(5), 'base64')).toHaveLength(64);
  });

  it('accepts a byte order mark and Windows line ends', async () => {
    await using world = new FileWorld();
    world.save('\ufeff{\r\n"endpoints": [{ "id": "a", "url": "https://example.com" }]\r\n}\r\n');
    expect(ids(await world.open())).toEqual(['a']);
  });

  it('counts an edit as a change: the revision goes up, and everybody hears of it', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    const before = await put(
      file,
      record({ id: 'a', secrets: [{ value: 'of-sixteen-bytes', createdAt: 5 }] }),
    );
    world.changes.length = 0;
    world.edit(({ endpoints: [endpoint] }) => {
      endpoint!['name'] = 'typed';
      // Left out, they stay.
      delete endpoint!['secrets'];
      delete endpoint!['tenant'];
      delete endpoint!['createdAt'];
    });
    await world.changed(file, () => file.get('a')?.name === 'typed');
    const { updatedAt, ...after } = file.get('a')!;
    const limits = { rateLimit: false, maxConcurrencyTotal: false };
    expect(after).toEqual({ ...without(before, 'updatedAt'), name: 'typed', ...limits, revision: 2 });
    expect(updatedAt).toBeGreaterThanOrEqual(before.updatedAt + 1_000);
    expect(world.changes).toEqual([{ kind: 'endpoint', id: 'a' }]);
    expect(world.content().endpoints[0]).toMatchObject({ name: 'typed', tenant: 'default', revision: 2 });
  });

  it('counts no edit of what Posthorn writes itself, nor of keys that mean nothing', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    const before = await put(file, record({ id: 'a' }));
    world.changes.length = 0;
    world.edit((content) => {
      content['team'] = 'red';
      Object.assign(content.endpoints[0]!, { createdAt: 1, updatedAt: 2, note: 'mine' });
    });
    await file.refresh();
    expect(file.get('a')).toEqual(before);
    expect(world.changes).toEqual([]);
    expect(world.content()).toMatchObject({
      team: 'red',
      endpoints: [{ createdAt: NOW, updatedAt: NOW, note: 'mine', revision: 1 }],
    });
  });

  it('takes an endpoint out that is gone from the file, and one in that is new', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    await put(file, record({ id: 'a' }));
    await put(file, record({ id: 'b' }));
    world.changes.length = 0;
    world.edit(({ endpoints }) => {
      endpoints.shift();
      endpoints.unshift({ id: 'c', url: 'https://example.com/c' });
    });
    await file.refresh();
    expect(ids(file)).toEqual(['b', 'c']);
    expect(world.content().endpoints.map(({ id }) => id)).toEqual(['c', 'b']);
    expect(world.changes).toEqual([
      { kind: 'endpoint', id: 'c' },
      { kind: 'endpoint', id: 'a' },
    ]);
  });

  it('knows an endpoint again that an editor saves once more without its id', async () => {
    await using world = new FileWorld();
    const typed = { endpoints: [{ url: 'https://example.com/a' }, { url: 'https://example.com/a' }] };
    world.save(typed);
    const file = await world.open();
    const before = ids(file);
    world.save({ endpoints: [...typed.endpoints, { url: 'https://example.com/b' }] });
    await file.refresh();
    expect(ids(file)).toEqual([...before, expect.any(String)]);
    expect(file.get(before[0]!)?.revision).toBe(1);
  });

  it('keeps the switch in words', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    const texts = [
      '{"paused":true,"whilePaused":"hold"}',
      '{"paused":true,"whilePaused":"discard"}',
      'off',
      '',
    ];
    const words = ['hold', 'discard', { text: 'off' }, { text: '' }];
    for (const [index, text] of texts.entries()) {
      await file.putSwitch(text);
      expect([file.getSwitch(), world.content()['switch']]).toEqual([text, words[index]]);
      expect((await world.open()).getSwitch()).toBe(text);
    }
    await file.putSwitch(undefined);
    expect([file.getSwitch(), world.content()['switch']]).toEqual([undefined, 'running']);
    world.changes.length = 0;
    world.edit((content) => (content['switch'] = 'hold'));
    await world.changed(file, () => file.getSwitch() === texts[0]);
    expect(world.changes).toContainEqual({ kind: 'setting', key: 'switch' });
  });

  it('refuses a record that is based on another revision', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    await put(file, record({ id: 'a' }));
    for (const expectedRevision of [0, 2])
      expect(await file.put({ record: record({ id: 'a' }), expectedRevision })).toEqual({
        kind: 'conflict',
        currentRevision: 1,
      });
    expect(await file.put({ record: record({ id: 'b' }), expectedRevision: 1 })).toEqual({
      kind: 'conflict',
      currentRevision: 0,
    });
  });

  it('refuses a record that it could not read again, and writes the others of that moment', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    const results = await Promise.allSettled([
      file.put({ record: record({ id: 'a', url: 'nowhere' }), expectedRevision: 0 }),
      file.put({ record: record({ id: 'b' }), expectedRevision: 0 }),
      file.put({ record: record({ id: 'c', hidden: true }), expectedRevision: 0 }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    expect(results[0]).toMatchObject({ reason: { code: 'invalid_option', path: 'endpoint.url' } });
    expect(ids(file)).toEqual(['b']);
    expect(world.content()['revision']).toBe(1);
  });

  it('lists endpoints in the order of creation, in pages that stay where they are', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    const created = ['z', 'm', 'a', 'q', 'b', 'c'];
    for (const id of created) await put(file, record({ id, tenant: id < 'n' ? 'one' : 'two' }));
    const again = await world.open();
    for (const each of [file, again]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = each.list({ cursor, limit: 2 });
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(created);
      expect(each.list({ tenant: 'two', limit: 5 }).items.map(({ id }) => id)).toEqual(['z', 'q']);
    }
    const first = file.list({ limit: 3 });
    for (const id of ['z', 'a', 'b']) await file.remove(id);
    await put(file, record({ id: 'late' }));
    const rest = file.list({ cursor: first.nextCursor, limit: 9 });
    expect(rest).toMatchObject({ items: [{ id: 'q' }, { id: 'c' }, { id: 'late' }], nextCursor: undefined });
    expect(() => file.list({ cursor: 'm1', limit: 1 })).toThrow('expected a nextCursor of the same list');
  });

  it('gives out copies', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    const given = record({ id: 'a', metadata: { list: [1] } });
    const change = file.put({ record: given, expectedRevision: 0 });
    (given.metadata!['list'] as number[]).push(2);
    await change;
    (file.get('a')!.metadata!['list'] as number[]).push(3);
    (file.list({ limit: 1 }).items[0]!.metadata!['list'] as number[]).push(4);
    expect(file.get('a')?.metadata).toEqual({ list: [1] });
  });

  it('removes an endpoint once', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    await put(file, record({ id: 'a' }));
    expect([await file.remove('a'), await file.remove('a')]).toEqual([true, false]);
    expect(world.content().endpoints).toEqual([]);
    expect((await put(file, record({ id: 'a' }))).revision).toBe(1);
  });

  it('is not hurt by listeners that throw', async () => {
    await using world = new FileWorld();
    const file = await world.open({
      onProblem: () => {
        throw new Error('mine');
      },
    });
    file.onChange(() => {
      throw new Error('mine');
    });
    await put(file, record({ id: 'a' }));
    world.save('{');
    await file.refresh();
    await world.clock.advance(1_000);
    await file.refresh();
    expect(file.problem?.kind).toBe('invalid');
  });

  it('looks a last time before it closes: nobody would know what an older copy undoes', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    await put(file, record({ id: 'a' }));
    const opened = world.content();
    await put(file, record({ id: 'b' }));
    world.save(opened);
    await file.close();
    expect(world.content().endpoints).toMatchObject([{ id: 'a' }, { id: 'b' }]);
  });

  it('finishes what was asked for before it closes, and refuses what comes later', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    const change = put(file, record({ id: 'a' }));
    await file.close();
    await change;
    expect(world.content().endpoints).toHaveLength(1);
    await expect(file.remove('a')).rejects.toMatchObject({ code: 'store_failed' });
    expect(world.clock.pendingTimers).toBe(0);
  });
});

function without<T extends object>(value: T, key: keyof T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) as Partial<T>;
}
