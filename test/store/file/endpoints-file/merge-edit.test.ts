import { describe, expect, it } from 'vitest';
import { nodeDisk, type Disk } from '../../../../src/store/file/endpoints-file/node-disk.ts';
import { FileWorld, record } from './file-world.ts';

/** A person saves at the worst moment: when the new file is written and not yet in its place. */
function interruptedOnce(interrupt: () => void): Disk {
  let isDone = false;
  return {
    ...nodeDisk,
    async writeBeside(...given) {
      const temporary = await nodeDisk.writeBeside(...given);
      if (!isDone) {
        isDone = true;
        interrupt();
      }
      return temporary;
    },
  };
}

async function withTwo(world: FileWorld): Promise<void> {
  const file = await world.open();
  await file.put({ record: record({ id: 'a' }), expectedRevision: 0 });
  await file.put({ record: record({ id: 'b' }), expectedRevision: 0 });
  await file.close();
  world.changes.length = 0;
}

describe('a person and Posthorn at the same moment', () => {
  it('keeps a change of one endpoint and one of another', async () => {
    await using world = new FileWorld();
    await withTwo(world);
    const disk = interruptedOnce(() =>
      world.edit((content) => {
        content.endpoints[0]!['name'] = 'of a person';
        content['team'] = 'red';
      }),
    );
    const file = await world.open({ disk });
    const result = await file.put({ record: record({ id: 'b', name: 'of Posthorn' }), expectedRevision: 1 });
    expect(result.kind).toBe('stored');
    expect(world.content()).toMatchObject({
      team: 'red',
      endpoints: [{ name: 'of a person' }, { name: 'of Posthorn' }],
    });
    expect(file.get('a')).toMatchObject({ name: 'of a person', revision: 2 });
    expect(world.changes.map((change) => (change.kind === 'endpoint' ? change.id : ''))).toEqual(['a', 'b']);
    expect(world.names()).toEqual(['endpoints.json']);
  });

  it('answers conflict when both changed the same endpoint', async () => {
    await using world = new FileWorld();
    await withTwo(world);
    const disk = interruptedOnce(() =>
      world.edit(({ endpoints: [endpoint] }) => (endpoint!['name'] = 'of a person')),
    );
    const file = await world.open({ disk });
    const result = await file.put({ record: record({ id: 'a', name: 'of Posthorn' }), expectedRevision: 1 });
    expect(result).toEqual({ kind: 'conflict', currentRevision: 2 });
    expect(file.get('a')?.name).toBe('of a person');
  });

  it('waits for a file that is being saved at that moment', async () => {
    await using world = new FileWorld();
    await withTwo(world);
    const edited = world.text().replace('"a"', '"c"');
    let interrupted!: () => void;
    const isInterrupted = new Promise<void>((resolve) => (interrupted = resolve));
    const disk = interruptedOnce(() => {
      world.save('', 'write');
      interrupted();
    });
    const file = await world.open({ disk });
    const change = file.put({ record: record({ id: 'b', name: 'of Posthorn' }), expectedRevision: 1 });
    await isInterrupted;
    world.save(edited, 'write');
    await world.until(change);
    expect((await change).kind).toBe('stored');
    expect(world.content().endpoints).toMatchObject([{ id: 'c' }, { id: 'b', name: 'of Posthorn' }]);
  });
});

describe('an editor that was open for a while', () => {
  it('undoes nothing that Posthorn changed meanwhile', async () => {
    await using world = new FileWorld();
    await withTwo(world);
    const file = await world.open();
    const opened = world.content();
    await file.put({ record: record({ id: 'new' }), expectedRevision: 0 });
    await file.put({ record: record({ id: 'a', description: 'of Posthorn' }), expectedRevision: 1 });
    await file.remove('b');
    await file.putSwitch('{"paused":true,"whilePaused":"hold"}');
    opened.endpoints[0]!['name'] = 'of a person';
    opened.endpoints.push({ id: 'typed', url: 'https://example.com/typed' });
    world.save(opened);
    await file.refresh();
    const ids = file.list({ limit: 10 }).items.map(({ id }) => id);
    expect(ids).toEqual(['a', 'new', 'typed']);
    expect(file.get('a')).toMatchObject({ name: 'of a person', description: 'of Posthorn', revision: 3 });
    expect(file.getSwitch()).toBe('{"paused":true,"whilePaused":"hold"}');
    expect(world.content()).toMatchObject({
      switch: 'hold',
      endpoints: [{ id: 'a' }, { id: 'typed' }, { id: 'new' }],
    });
    expect(world.problems).toMatchObject([{ kind: 'outdated' }]);
    expect(world.problems[0]!.message).toContain(
      'was saved from an older copy of it. What was changed meanwhile was kept: endpoint a, the removal of endpoint b, endpoint new, the switch.',
    );
    expect(file.problem).toBeUndefined();
  });

  it('has its way where both changed the same member', async () => {
    await using world = new FileWorld();
    await withTwo(world);
    const file = await world.open();
    const opened = world.content();
    await file.put({ record: record({ id: 'a', name: 'of Posthorn' }), expectedRevision: 1 });
    opened.endpoints[0]!['name'] = 'of a person';
    world.save(opened);
    await file.refresh();
    expect(file.get('a')).toMatchObject({ name: 'of a person', revision: 3 });
  });

  it('has its way where the two do not fit together', async () => {
    await using world = new FileWorld();
    await withTwo(world);
    const file = await world.open();
    const opened = world.content();
    const signed = record({
      id: 'a',
      signatures: ['github'],
      secrets: [{ value: 'of-16-bytes-text', createdAt: 1 }],
    });
    await file.put({ record: signed, expectedRevision: 1 });
    opened.endpoints[0]!['headers'] = { 'x-hub-signature-256': 'mine' };
    world.save(opened);
    await file.refresh();
    expect(file.get('a')).toMatchObject({ headers: { 'x-hub-signature-256': 'mine' }, secrets: [] });
    expect(file.problem).toBeUndefined();
  });

  it('does not enable a new URL by the proof of the old one', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    const url = 'https://example.com/hooks';
    const base = record({ id: 'a', url, verification: 'challenge' });
    await file.put({
      record: { ...base, status: 'disabled', disabledReason: 'unverified' },
      expectedRevision: 0,
    });
    const opened = world.content();
    const verificationState = { kind: 'challenge', url, checks: 1, verifiedAt: 1 } as const;
    await file.put({ record: { ...base, verificationState }, expectedRevision: 1 });
    expect(file.get('a')?.status).toBe('enabled');
    opened.endpoints[0]!['url'] = 'https://example.com/elsewhere';
    world.save(opened);
    await file.refresh();
    expect(file.get('a')).toMatchObject({
      url: 'https://example.com/elsewhere',
      status: 'disabled',
      disabledReason: 'unverified',
    });
    expect(file.get('a')).not.toHaveProperty('verificationState');
    expect(world.content().endpoints[0]).toMatchObject({ status: 'disabled', disabledReason: 'unverified' });
  });

  it('brings back what it removed itself', async () => {
    await using world = new FileWorld();
    await withTwo(world);
    const file = await world.open();
    const opened = world.content();
    world.edit(({ endpoints }) => endpoints.pop());
    await file.refresh();
    expect(file.get('b')).toBeUndefined();
    world.save(opened);
    await file.refresh();
    expect(file.get('b')).toMatchObject({ id: 'b' });
    expect(world.problems).toEqual([]);
  });

  it('restores an older copy that has no revision', async () => {
    await using world = new FileWorld();
    await withTwo(world);
    const file = await world.open();
    const { revision: _revision, ...backup } = world.content();
    await file.put({ record: record({ id: 'new' }), expectedRevision: 0 });
    await file.remove('b');
    world.save(backup);
    await file.refresh();
    expect(
      file
        .list({ limit: 10 })
        .items.map(({ id }) => id)
        .sort(),
    ).toEqual(['a', 'b']);
    expect(world.problems).toEqual([]);
  });
});
