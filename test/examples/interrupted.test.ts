/** Examples that are ended in the middle. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { until } from '../support/world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('an example that is ended by SIGTERM', () => {
  it.each([
    ['print-service', /^ok +cube:/],
    ['glasses-dashboard', /^backend: Dashboard on (.*)/],
  ])('takes its folder and its processes with it: %s', { timeout: 30_000 }, async (name, moment) => {
    const folder = mkdtempSync(join(tmpdir(), 'posthorn-interrupted-'));
    try {
      const child = spawn(process.execPath, ['--import', 'tsx', `examples/${name}/main.ts`], {
        cwd: root,
        // Processes of its own end a moment after it: until then they would fill the cache of what was compiled, in this folder.
        env: { ...process.env, TMPDIR: folder, TSX_DISABLE_CACHE: '1' },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      const remains = (): readonly string[] => readdirSync(folder).filter((entry) => entry.startsWith(name));
      let isMoment = false;
      for await (const line of createInterface(child.stdout)) {
        const found = moment.exec(line.trim());
        if (found === null) continue;
        isMoment = true;
        expect(remains()).toHaveLength(1);
        child.kill('SIGTERM');
        expect(await ended).toEqual([1, null]);
        const [, url] = found;
        const isGone = async (): Promise<boolean> =>
          fetch(url!).then(
            () => false,
            () => true,
          );
        if (url !== undefined) await until(isGone, 'the backend is gone');
      }
      expect([isMoment, ...(await ended)]).toEqual([true, 1, null]);
      expect(remains()).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
