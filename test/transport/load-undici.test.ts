import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'vitest';

/** In a process of its own, since what is asked is who touched the global first. */
function dispatcherKeptBy(load: string): boolean {
  const program = `
    const key = Symbol.for('undici.globalDispatcher.1');
    ${load}
    const after = globalThis[key];
    const { Agent } = await import('undici');
    console.log(after === undefined || !(after instanceof Agent));`;
  const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  return output.trim() === 'true';
}

describe('loadUndici', () => {
  it("leaves the dispatcher of the host's fetch alone", { timeout: 60_000 }, () => {
    const file = new URL('../../src/transport/load-undici.ts', import.meta.url).href;
    assert.equal(
      dispatcherKeptBy(`const { loadUndici } = await import(${JSON.stringify(file)}); await loadUndici();`),
      true,
    );
  });
});
