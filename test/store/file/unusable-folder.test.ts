/** Folders that the user of the process may not use. Root may use all, so the store is opened by nobody. */
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { fileStore } from '../../../src/store/file/file-store.ts';
import { runProgram } from '../../support/child.ts';
import { temporaryDirectory } from './file-layers.ts';

const ADVICE =
  'Give the user of this process the permission to read, write and search it, or choose another folder.';
const isRoot = process.getuid?.() === 0;

/** A folder with a subfolder, both of nobody where that can be. */
function folder(): string {
  const path = join(temporaryDirectory(), 'webhooks');
  mkdirSync(path);
  if (isRoot) chownSync(join(path, '..'), 65534, 65534);
  if (isRoot) chownSync(path, 65534, 65534);
  onTestFinished(() => chmodSync(path, 0o700));
  return path;
}

async function openIn(path: string, signal: AbortSignal): Promise<string> {
  const { stdout, stderr } = await runProgram(
    `
    if (process.getuid?.() === 0) { process.setgid(65534); process.setuid(65534); }
    const { fileStore } = await import('./src/store/file/file-store.ts');
    const { systemClock } = await import('./src/clock.ts');
    const error = await fileStore(${JSON.stringify(path)}).open({ clock: systemClock }).catch((reason) => reason);
    console.log(error?.name, error?.code, error?.message);
    `,
    signal,
  );
  expect(stderr).toBe('');
  return stdout.trim();
}

describe.runIf(isRoot)('a folder in which root works', () => {
  it('stays open to its owner', async ({ signal }) => {
    const path = folder();
    expect(await openIn(path, signal)).toBe('undefined undefined undefined');
    const store = fileStore(path);
    await store.open({ clock: systemClock });
    for (const name of [
      'control.sock',
      'journal',
      'journal/epoch',
      'journal/00000001.log',
      'journal/00000002.log',
    ])
      expect({ name, uid: statSync(join(path, name)).uid }).toEqual({ name, uid: 65534 });
    await store.close();
    expect(await openIn(path, signal)).toBe('undefined undefined undefined');
  });
});

// Windows has no such users.
describe.runIf(process.getuid !== undefined)('a folder that is closed to the user', () => {
  it.each([
    ['in which nothing may be written', 0o500],
    ['that may not be searched', 0o600],
    ['that is closed altogether', 0o000],
  ])('is named, with what to do about it: one %s', async (_what, mode) => {
    const path = folder();
    chmodSync(path, mode);
    const said = await openIn(path, AbortSignal.timeout(60_000));
    expect(said).toMatch(/^StoreError store_failed /);
    expect(said).toContain(`Could not use the folder ${path} for the file store: `);
    expect(said).toContain(`EACCES`);
    expect(said.endsWith(ADVICE)).toBe(true);
  });

  it('is named when it cannot be made', async ({ signal }) => {
    const path = folder();
    chmodSync(path, 0o500);
    const said = await openIn(join(path, 'new'), signal);
    expect(said).toContain(
      `StoreError store_failed Could not use the folder ${path}/new for the file store: `,
    );
    expect(said.endsWith(ADVICE)).toBe(true);
  });

  it('is named when it is a file', async ({ signal }) => {
    const path = join(folder(), 'file');
    writeFileSync(path, '');
    const advice = 'There is a file where a folder must be: move it, or choose another folder.';
    for (const place of [path, join(path, 'new')])
      expect((await openIn(place, signal)).endsWith(advice)).toBe(true);
  });

  it('is told from a file in it that may not be read', async ({ signal }) => {
    const path = folder();
    writeFileSync(join(path, 'endpoints.json'), '{ "endpoints": [] }');
    chmodSync(join(path, 'endpoints.json'), 0o000);
    expect(await openIn(path, signal)).toContain(
      `StoreError store_failed Cannot read ${path}/endpoints.json: `,
    );
  });
});
