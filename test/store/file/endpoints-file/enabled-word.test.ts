import { describe, expect, it } from 'vitest';
import { writeSwitchState } from '../../../../src/core/switch-state.ts';
import type { Content, Endpoint } from './file-world.ts';
import { FileWorld, record } from './file-world.ts';

const URL = 'https://example.com/hooks';
const endpoint = (members: Endpoint = {}): Endpoint => ({ id: 'a', url: URL, events: ['match'], ...members });

/** A file that somebody began with this word. */
async function withEnabled(content: Content) {
  const world = new FileWorld();
  world.save(content);
  return { world, file: await world.open(), [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
}

describe('"enabled" of an endpoint', () => {
  it.each([
    [true, { status: 'enabled' }],
    [false, { status: 'disabled', disabledReason: 'manual' }],
  ])('is its status, and stays in the file: %s', async (enabled, expected) => {
    await using opened = await withEnabled({ endpoints: [endpoint({ enabled })] });
    const { world, file } = opened;
    expect(file.get('a')).toMatchObject(expected);
    const [written] = world.content().endpoints;
    expect(written).toMatchObject({ enabled, tenant: 'default', revision: 1 });
    expect(written).not.toHaveProperty('status');
    const again = await world.open();
    expect(again.get('a')).toEqual(file.get('a'));
  });

  it('is taken up when somebody changes it, and written when Posthorn does', async () => {
    await using opened = await withEnabled({ endpoints: [endpoint({ enabled: true })] });
    const { world, file } = opened;
    world.edit(({ endpoints: [first] }) => (first!['enabled'] = false));
    await world.changed(file, () => file.get('a')?.status === 'disabled');
    expect(world.content().endpoints).toMatchObject([
      { enabled: false, disabledReason: 'manual', revision: 2 },
    ]);
    const { disabledReason: _gone, ...rest } = file.get('a')!;
    await file.put({ record: { ...rest, status: 'enabled' }, expectedRevision: 2 });
    const [written] = world.content().endpoints;
    expect(written).toMatchObject({ enabled: true, revision: 3 });
    expect(written).not.toHaveProperty('disabledReason');
    expect(written).not.toHaveProperty('status');
  });

  it('is how new endpoints of a file say it that says it at the top, and of no other', async () => {
    for (const top of [{ enabled: true }, {}]) {
      await using opened = await withEnabled({ ...top, endpoints: [{ id: 'typed', url: URL }] });
      const { world, file } = opened;
      await file.put({ record: record({ id: 'made' }), expectedRevision: 0 });
      const word = 'enabled' in top ? { enabled: true } : { status: 'enabled' };
      expect(world.content().endpoints).toMatchObject([
        { id: 'typed', ...word },
        { id: 'made', ...word },
      ]);
      for (const written of world.content().endpoints)
        expect('enabled' in written && 'status' in written).toBe(false);
    }
  });

  it('is left alone in a file in which nothing is missing', async () => {
    await using opened = await withEnabled({ enabled: true, endpoints: [endpoint({ enabled: false })] });
    const { world, file } = opened;
    await file.close();
    const text = world.text().replaceAll('  ', '\t');
    world.save(text);
    await world.open();
    expect(world.text()).toBe(text);
  });

  it('may be taken away', async () => {
    await using opened = await withEnabled({ endpoints: [endpoint({ enabled: false })] });
    const { world, file } = opened;
    world.edit(({ endpoints: [first] }) => delete first!['enabled']);
    await world.changed(file, () => file.get('a')?.status === 'enabled');
    expect(world.content().endpoints).toMatchObject([{ status: 'enabled' }]);
  });
});

describe('"enabled" at the top', () => {
  const DISCARD = writeSwitchState({ whilePaused: 'discard' });
  const HOLD = writeSwitchState({ whilePaused: 'hold' });

  it.each<[what: object, text: string | undefined]>([
    [{ enabled: true }, undefined],
    [{ enabled: true, switch: 'running' }, undefined],
    [{ enabled: false }, DISCARD],
    [{ enabled: false, switch: 'discard' }, DISCARD],
    [{ enabled: false, switch: 'hold' }, HOLD],
  ])('is the switch: %j', async (top, text) => {
    await using opened = await withEnabled({ ...top, endpoints: [] });
    expect(opened.file.getSwitch()).toBe(text);
  });

  it('is written when the switch is thrown, with "switch" only where that says more', async () => {
    await using opened = await withEnabled({ enabled: true, owner: 'me', endpoints: [] });
    const { world, file } = opened;
    const topAfter = async (text: string | undefined): Promise<object> => {
      await file.putSwitch(text);
      const { version: _version, revision: _revision, endpoints: _endpoints, ...top } = world.content();
      return top;
    };
    expect(await topAfter(DISCARD)).toEqual({ enabled: false, owner: 'me' });
    expect(await topAfter(HOLD)).toEqual({ enabled: false, switch: 'hold', owner: 'me' });
    expect(await topAfter(undefined)).toEqual({ enabled: true, owner: 'me' });
  });

  it('is taken up when somebody changes it', async () => {
    await using opened = await withEnabled({ enabled: true, endpoints: [] });
    const { world, file } = opened;
    world.edit((content) => (content['enabled'] = false));
    await world.changed(file, () => file.getSwitch() === DISCARD);
    expect(world.changes).toEqual([{ kind: 'setting', key: 'switch' }]);
    world.edit((content) => (content['enabled'] = true));
    await world.changed(file, () => file.getSwitch() === undefined);
  });
});
