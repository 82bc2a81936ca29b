import { describe, expect, it } from 'vitest';
import { createKeyring, type Keyring } from '../../../../src/store/codec/keyring.ts';
import { FileWorld, record } from './file-world.ts';

const SECRET = 'a-secret-of-some-length';
const keys = { one: Buffer.alloc(32, 1), two: Buffer.alloc(32, 2) };
const keyring = (current: keyof typeof keys, ...known: (keyof typeof keys)[]): Keyring =>
  createKeyring({
    current,
    keys: Object.fromEntries([current, ...known].map((id) => [id, keys[id]])),
  });

describe('EndpointsFile with encryption', () => {
  it('encrypts what it writes, and what a person typed', async () => {
    await using world = new FileWorld();
    const file = await world.open({ keyring: keyring('one') });
    const secrets = [{ value: SECRET, createdAt: 7 }];
    await file.put({
      record: record({ id: 'a', secrets, headers: { authorization: SECRET, 'x-plain': 'plain' } }),
      expectedRevision: 0,
    });
    expect(world.text()).not.toContain(SECRET);
    world.edit(({ endpoints }) => {
      endpoints.push({ id: 'b', url: 'https://example.com', secret: SECRET });
      endpoints[0]!['name'] = 'typed';
    });
    await file.refresh();
    expect(world.text()).not.toContain(SECRET);
    expect(world.content().endpoints[0]!['headers']).toMatchObject({ 'x-plain': 'plain' });
    expect(file.get('a')).toMatchObject({ name: 'typed', secrets, headers: { authorization: SECRET } });
    const again = await world.open({ keyring: keyring('one') });
    expect(again.list({ limit: 10 })).toEqual(file.list({ limit: 10 }));
    expect(again.get('b')?.secrets).toMatchObject([{ value: SECRET }]);
  });

  it('encrypts credentials that a person typed, and reads them back', async () => {
    await using world = new FileWorld();
    const file = await world.open({ keyring: keyring('one') });
    await file.put({ record: record({ id: 'a' }), expectedRevision: 0 });
    const auth = { type: 'basic', username: 'robot', password: SECRET };
    world.edit(({ endpoints }) => (endpoints[0]!['auth'] = auth));
    await file.refresh();
    expect(world.text()).not.toContain(SECRET);
    expect(world.content().endpoints[0]!['auth']).toMatchObject({ type: 'basic', username: 'robot' });
    expect(file.get('a')).toMatchObject({ auth });
    const again = await world.open({ keyring: keyring('one') });
    expect(again.get('a')).toMatchObject({ auth });
  });

  it('refuses credentials of another form without showing them', async () => {
    await using world = new FileWorld();
    const file = await world.open({ keyring: keyring('one') });
    await file.put({ record: record({ id: 'a' }), expectedRevision: 0 });
    for (const [auth, path] of [
      [SECRET, 'endpoints[0].auth'],
      [{ type: 'basic', username: 'robot', password: [SECRET] }, 'endpoints[0].auth.password'],
      [{ type: 'bearer', token: 7, password: SECRET }, 'endpoints[0].auth.password'],
    ] as const) {
      world.edit((content) => (content.endpoints = [{ id: 'a', url: 'https://example.com', auth: auth }]));
      const problem = await world.lasts(file);
      expect(problem).toMatchObject({ kind: 'invalid', path });
      expect(problem.message).not.toContain(SECRET);
    }
  });

  it('leaves what is encrypted as it is while other endpoints change', async () => {
    await using world = new FileWorld();
    const file = await world.open({ keyring: keyring('one') });
    await file.put({
      record: record({ id: 'a', secrets: [{ value: SECRET, createdAt: 7 }] }),
      expectedRevision: 0,
    });
    const before = world.content().endpoints[0];
    await file.put({ record: record({ id: 'b' }), expectedRevision: 0 });
    expect(world.content().endpoints[0]).toEqual(before);
  });

  it('encrypts what was written without a key, and with an older one, when it is opened', async () => {
    await using world = new FileWorld();
    const plain = await world.open();
    await plain.put({
      record: record({ id: 'a', secrets: [{ value: SECRET, createdAt: 7 }] }),
      expectedRevision: 0,
    });
    expect(world.text()).toContain(SECRET);
    await plain.close();
    for (const [ring, key] of [
      [keyring('one'), 'one'],
      [keyring('two', 'one'), 'two'],
    ] as const) {
      const file = await world.open({ keyring: ring });
      expect(world.text()).toContain(`enc:v1:${key}:`);
      expect(file.get('a')).toMatchObject({ secrets: [{ value: SECRET }], revision: 1 });
      await file.close();
    }
  });

  it('does not open without the key, and says which', async () => {
    await using world = new FileWorld();
    const file = await world.open({ keyring: keyring('one') });
    await file.put({
      record: record({ id: 'a', secrets: [{ value: SECRET, createdAt: 7 }] }),
      expectedRevision: 0,
    });
    await expect(world.open()).rejects.toMatchObject({
      code: 'key_missing',
      message: expect.stringContaining('key one'),
    });
    await expect(world.open({ keyring: keyring('two') })).rejects.toMatchObject({ code: 'key_missing' });
  });

  it('refuses a secret that was copied from another endpoint', async () => {
    await using world = new FileWorld();
    const file = await world.open({ keyring: keyring('one') });
    await file.put({
      record: record({ id: 'a', secrets: [{ value: SECRET, createdAt: 7 }] }),
      expectedRevision: 0,
    });
    world.edit(({ endpoints }) => endpoints.push({ ...endpoints[0]!, id: 'b' }));
    const problem = await world.lasts(file);
    expect(problem).toMatchObject({ kind: 'invalid', path: 'endpoints[1]' });
    expect(problem.message).toContain('endpoints[1]: Cannot decrypt secrets of endpoint "b"');
    expect(file.get('a')?.secrets[0]?.value).toBe(SECRET);
  });
});
