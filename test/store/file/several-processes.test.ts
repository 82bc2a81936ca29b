/** Real processes on one folder. None of them looks by itself for a minute. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createWorkshop, type Workshop } from '../../support/workers.ts';
import { until } from '../../support/world.ts';

const MINUTE = 60_000;
const TIMEOUT_MS = 60_000;
const order = { dispatcher: { pollIntervalMs: MINUTE } };

/** The middle one: one alone may meet a machine that is busy. */
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Saves the file of endpoints as an editor does. */
function edit({ location }: Workshop, change: (endpoints: object[]) => object[]): void {
  const path = join(location.url, 'endpoints.json');
  const content = JSON.parse(readFileSync(path, 'utf8')) as { endpoints: object[] };
  writeFileSync(`${path}~`, JSON.stringify({ ...content, endpoints: change(content.endpoints) }));
  renameSync(`${path}~`, path);
}

describe('several processes on a folder', () => {
  it('take over from an owner that is killed within a second', { timeout: TIMEOUT_MS }, async () => {
    await using workshop = await createWorkshop('file');
    let [owner] = await workshop.start(['first'], order);
    const endpoint = await workshop.createEndpoint(owner, { events: ['history'] });
    await owner.call('endpoints.pause', endpoint.id);
    await owner.call('emitMany', 2_000, 'history');
    const tookMs: number[] = [];
    for (const name of ['second', 'third', 'fourth', 'fifth', 'sixth']) {
      const [next] = await workshop.start([name], order);
      await owner.kill();
      const killedAt = performance.now();
      await next.call('emit', 'history', {});
      tookMs.push(Math.round(performance.now() - killedAt));
      owner = next;
    }
    console.log(`file: an emit in another process after SIGKILL of the owner, ms: ${tookMs.join(', ')}`);
    expect(median(tookMs)).toBeLessThan(1_000);
    expect((await owner.call<{ byState: object }>('stats')).byState).toMatchObject({ scheduled: 2_005 });
  });

  it('know within a second what a person saved', { timeout: TIMEOUT_MS }, async () => {
    await using workshop = await createWorkshop('file');
    const [owner] = await workshop.start(['owner'], order);
    const workers = [owner, ...(await workshop.start(['one', 'two'], order))];
    await workshop.createEndpoint(owner, { events: ['never'] });
    const tookMs: number[] = [];
    for (let count = 2; count < 8; count += 1) {
      const savedAt = performance.now();
      edit(workshop, (endpoints) => [...endpoints, { url: `https://example.com/${count}`, events: ['x'] }]);
      const known = async (): Promise<boolean> => {
        const all = await Promise.all(workers.map((worker) => worker.health()));
        return all.every(({ endpoints }) => endpoints === count);
      };
      await until(known, `all know ${count} endpoints`, TIMEOUT_MS);
      tookMs.push(Math.round(performance.now() - savedAt));
    }
    console.log(`file: an edit by hand was known everywhere after, ms: ${tookMs.join(', ')}`);
    expect(median(tookMs)).toBeLessThan(1_000);
  });
});
