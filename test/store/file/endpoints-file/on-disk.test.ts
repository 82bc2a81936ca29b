import { chmodSync, mkdirSync, readlinkSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeDisk, type Disk } from '../../../../src/store/file/endpoints-file/node-disk.ts';
import { runProgram } from '../../../support/child.ts';
import { FileWorld, record } from './file-world.ts';

const GOOD = { id: 'a', url: 'https://example.com/a' };

function failing(method: 'writeBeside' | 'replace' | 'syncFolder', code: string): Disk {
  const fail = (): never => {
    throw Object.assign(new Error(`${code}: made up`), { code });
  };
  return { ...nodeDisk, [method]: method === 'replace' ? fail : async () => fail() };
}

describe('EndpointsFile on a disk', () => {
  it('keeps the mode of the file', async () => {
    await using world = new FileWorld();
    world.save({ endpoints: [] });
    chmodSync(world.path, 0o640);
    const file = await world.open();
    await file.put({ record: record({ id: 'a' }), expectedRevision: 0 });
    expect(world.mode()).toBe(0o640);
  });

  it('writes through symbolic links, also to a file that is not there yet', async () => {
    await using world = new FileWorld();
    const folder = join(world.folder, 'elsewhere');
    mkdirSync(folder);
    symlinkSync('elsewhere/link.json', world.path);
    symlinkSync('target.json', join(folder, 'link.json'));
    const file = await world.open();
    await file.put({ record: record({ id: 'a' }), expectedRevision: 0 });
    expect(readlinkSync(world.path)).toBe('elsewhere/link.json');
    expect(JSON.parse(world.text(join(folder, 'target.json')))).toMatchObject({ endpoints: [{ id: 'a' }] });
    writeFileSync(join(folder, 'target.json'), JSON.stringify({ endpoints: [GOOD, { ...GOOD, id: 'b' }] }));
    await world.changed(file, () => file.get('b') !== undefined);
  });

  it('creates the folder with the first write', async () => {
    await using world = new FileWorld();
    const path = join(world.folder, 'deep', 'er', 'endpoints.json');
    const file = await world.open({ path });
    await file.put({ record: record({ id: 'a' }), expectedRevision: 0 });
    expect(JSON.parse(world.text(path))).toMatchObject({ endpoints: [{ id: 'a' }] });
  });

  it('removes what a killed process left when it is opened, and nothing else', async () => {
    await using world = new FileWorld();
    world.save({ endpoints: [GOOD] });
    const kept = ['.endpoints.json.swp', '.other.json.x.tmp', 'endpoints.json.tmp'];
    for (const name of ['.endpoints.json.4XmG.tmp', ...kept])
      writeFileSync(join(world.folder, name), 'half a fi');
    const file = await world.open();
    expect(world.names()).toEqual([...kept, 'endpoints.json'].sort());
    expect(file.get('a')).toMatchObject(GOOD);
  });

  it.each(['writeBeside', 'replace'] as const)('changes nothing when %s fails', async (method) => {
    await using world = new FileWorld();
    world.save({ endpoints: [GOOD] });
    await (await world.open()).close();
    const text = world.text();
    const file = await world.open({ disk: failing(method, 'ENOSPC') });
    const error: unknown = await file.remove('a').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'store_full',
      message: `Cannot write ${world.path}: the disk is full (ENOSPC). Free some space; it is tried again.`,
    });
    expect(file.get('a')).toMatchObject(GOOD);
    expect(world.text()).toBe(text);
    expect(world.names()).toEqual(['endpoints.json']);
    // A process that is killed here leaves the old file whole.
    expect((await world.open()).get('a')).toMatchObject(GOOD);
  });

  it('takes over what is in the file when it cannot tell whether a write has lasted', async () => {
    await using world = new FileWorld();
    world.save({ endpoints: [GOOD] });
    const file = await world.open();
    await file.close();
    const shaky = await world.open({ disk: failing('syncFolder', 'EIO') });
    await expect(shaky.remove('a')).rejects.toMatchObject({ code: 'store_failed' });
    await shaky.refresh();
    expect(shaky.get('a')).toBeUndefined();
    expect(world.content().endpoints).toEqual([]);
  });

  it('has the bytes on the disk before the name, and the name before a change resolves', async () => {
    await using world = new FileWorld();
    const steps: string[] = [];
    const disk: Disk = {
      ...nodeDisk,
      async writeBeside(...given) {
        const temporary = await nodeDisk.writeBeside(...given);
        steps.push('written');
        return temporary;
      },
      replace(...given) {
        steps.push('replaced');
        return nodeDisk.replace(...given);
      },
      async syncFolder(path) {
        await nodeDisk.syncFolder(path);
        steps.push('folder');
      },
    };
    const file = await world.open({ disk });
    await file.putSwitch('x').then(() => steps.push('resolved'));
    expect(steps).toEqual(['written', 'replaced', 'folder', 'resolved']);
  });

  it('writes changes of one moment at once', async () => {
    await using world = new FileWorld();
    const file = await world.open();
    const ids = Array.from({ length: 50 }, (_, index) => `ep_${index}`);
    await Promise.all(ids.map((id) => file.put({ record: record({ id }), expectedRevision: 0 })));
    expect(world.content()['revision']).toBe(1);
    expect(world.content().endpoints.map(({ id }) => id)).toEqual(ids);
  });

  it('says what to do about a folder that it must not write in', async ({ signal }) => {
    await using world = new FileWorld();
    world.save({ endpoints: [GOOD] });
    await (await world.open()).close();
    chmodSync(world.path, 0o644);
    chmodSync(world.folder, 0o555);
    try {
      // Root may write everywhere.
      const { stdout, stderr } = await runProgram(
        `
        if (process.getuid?.() === 0) { process.setgid(65534); process.setuid(65534); }
        const { EndpointsFile } = await import('./src/store/file/endpoints-file/endpoints-file.ts');
        const { systemClock } = await import('./src/clock.ts');
        const file = new EndpointsFile({ path: ${JSON.stringify(world.path)}, clock: systemClock });
        await file.open();
        const error = await file.remove('a').catch((reason) => reason);
        console.log(error.name, error.code, file.get('a').id, error.message);
        await file.close();
        `,
        signal,
      );
      expect(stderr).toBe('');
      expect(stdout.trim()).toBe(
        `StoreError store_failed a Cannot write ${world.path}: it is not allowed (EACCES). ` +
          `Give the user of this process the permission to write in the folder ${world.folder}: the file is replaced as a whole, ` +
          'so permission on the file alone is not enough. A read-only file system must be mounted for writing.',
      );
    } finally {
      chmodSync(world.folder, 0o755);
    }
  });

  it('does not start when an id that it made cannot be written', async () => {
    await using world = new FileWorld();
    world.save({ endpoints: [{ url: 'https://example.com' }] });
    const disk = failing('writeBeside', 'EROFS');
    await expect(world.open({ disk })).rejects.toMatchObject({ message: expect.stringContaining('EROFS') });
  });

  it('goes on with a file that it can only read, and says so', async () => {
    await using world = new FileWorld();
    world.save({ endpoints: [{ ...GOOD, secrets: [] }] });
    const file = await world.open({ disk: failing('writeBeside', 'EROFS') });
    expect(file.get('a')).toMatchObject({ ...GOOD, revision: 1 });
    expect(world.problems).toMatchObject([{ kind: 'unwritable' }]);
    world.save({ endpoints: [{ ...GOOD, secrets: [], name: 'typed' }] });
    await world.changed(file, () => file.get('a')?.name === 'typed');
    expect(file.get('a')?.revision).toBe(2);
    expect(world.problems).toHaveLength(1);
    await expect(file.remove('a')).rejects.toMatchObject({ code: 'store_failed' });
  });

  it('writes an id later that could not be written at once', async () => {
    await using world = new FileWorld();
    let isFull = false;
    const disk: Disk = {
      ...nodeDisk,
      writeBeside: (...given) => (isFull ? failing('writeBeside', 'ENOSPC') : nodeDisk).writeBeside(...given),
    };
    const file = await world.open({ disk });
    isFull = true;
    world.save({ endpoints: [{ url: 'https://example.com' }] });
    await file.refresh();
    const { id, secrets } = file.list({ limit: 1 }).items[0]!;
    expect(file.problem?.kind).toBe('unwritable');
    expect(world.content().endpoints[0]).not.toHaveProperty('id');
    isFull = false;
    await file.refresh();
    expect(world.content().endpoints).toMatchObject([{ id, secrets: [{ value: secrets[0]!.value }] }]);
    expect(file.problem).toBeUndefined();
    expect(world.changes).toEqual([{ kind: 'endpoint', id }]);
  });

  it('keeps what was in a file that is gone or empty, and says so', async () => {
    await using world = new FileWorld();
    world.save({ note: 'mine', endpoints: [GOOD] });
    const file = await world.open();
    unlinkSync(world.path);
    expect((await world.lasts(file)).message).toBe(
      `${world.path} is gone. Its endpoints stay as they were, and are written again with the next change; to have none, write { "endpoints": [] }.`,
    );
    world.save('', 'write');
    expect((await world.lasts(file)).kind).toBe('empty');
    expect(file.get('a')).toMatchObject(GOOD);
    unlinkSync(world.path);
    await file.putSwitch('{"paused":true,"whilePaused":"hold"}');
    expect(world.content()).toMatchObject({ note: 'mine', switch: 'hold', endpoints: [GOOD] });
    expect(file.problem).toBeUndefined();
    expect(world.changes).toEqual([{ kind: 'setting', key: 'switch' }]);
  });

  it('does not start with an empty file', async () => {
    await using world = new FileWorld();
    world.save('');
    await expect(world.open()).rejects.toMatchObject({ message: expect.stringContaining('is empty') });
  });

  it('says what is in the way of reading', async () => {
    await using world = new FileWorld();
    mkdirSync(world.path);
    await expect(world.open()).rejects.toMatchObject({
      message: `Cannot read ${world.path}: it is a folder. Move it away, or choose another name.`,
    });
    rmSync(world.path, { recursive: true });
    writeFileSync(world.path, Buffer.from([0x7b, 0xff, 0x7d]));
    await expect(world.open()).rejects.toMatchObject({
      message: expect.stringContaining('the file is not UTF-8 text; save it in this encoding.'),
    });
  });
});

describe('watching', () => {
  it('finds a change soon when the file system tells of it', async () => {
    await using world = new FileWorld();
    world.save({ endpoints: [GOOD] });
    const delays: number[] = [];
    let told!: () => void;
    const isTold = new Promise<void>((resolve) => (told = resolve));
    const clock: typeof world.clock = Object.create(world.clock, {
      setTimer: {
        value: (callback: () => void, delayMs: number) => {
          delays.push(delayMs);
          if (delayMs === 50) told();
          return world.clock.setTimer(callback, delayMs);
        },
      },
      now: { value: () => world.clock.now() },
      elapsed: { value: () => world.clock.elapsed() },
    });
    const file = await world.open({ clock });
    const changed = new Promise<void>((resolve) => file.onChange(() => resolve()));
    world.save({ endpoints: [{ ...GOOD, name: 'typed' }] });
    await isTold;
    await world.clock.advance(50);
    await changed;
    expect(file.get('a')?.name).toBe('typed');
    expect(delays[0]).toBe(1_000);
  });

  it('finds every one of many changes within a second, without being told', async () => {
    await using world = new FileWorld();
    world.save({ endpoints: [GOOD] });
    const file = await world.open();
    for (let round = 0; round < 20; round += 1) {
      world.edit(({ endpoints: [endpoint] }) => (endpoint!['name'] = `name ${round}`));
      await world.changed(file, () => file.get('a')?.name === `name ${round}`);
    }
  });

  it('keeps no process alive', async ({ signal }) => {
    await using world = new FileWorld();
    world.save({ endpoints: [GOOD] });
    const { code, stdout } = await runProgram(
      `
      const { EndpointsFile } = await import('./src/store/file/endpoints-file/endpoints-file.ts');
      const { systemClock } = await import('./src/clock.ts');
      await new EndpointsFile({ path: ${JSON.stringify(world.path)}, clock: systemClock }).open();
      console.log('open');
      `,
      signal,
    );
    expect([code, stdout.trim()]).toEqual([0, 'open']);
  });
});
