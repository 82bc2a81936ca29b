/** What `npm run test:package` asks of the packed package, asked of the built one: also in `npm test`, and on other versions of Node.js. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltPackage, createBuiltPackage } from '../support/built-package.ts';

const execute = promisify(execFile);
const BUILD_TIMEOUT_MS = 60_000;

let built: BuiltPackage;
let probe: string;
beforeAll(async () => {
  built = await createBuiltPackage('host-fetch-');
  probe = await built.copy(new URL('../package/host-fetch.mjs', import.meta.url));
}, BUILD_TIMEOUT_MS);
afterAll(() => built[Symbol.asyncDispose]());

describe.each(['undici', 'ky'])('the built package, sending with %s,', (transport) => {
  it.each(['touched-before', 'touched-after', 'own-dispatcher'])(
    "leaves the host's fetch and its dispatcher alone: %s",
    { timeout: 30_000 },
    async (hostCase) => {
      // Rejects with what the probe says when it fails.
      const { stdout, stderr } = await execute(process.execPath, [probe, hostCase, transport]);
      expect({ stdout, stderr }).toEqual({
        stdout: '',
        stderr: expect.stringMatching(/^$|POSTHORN_UNENCRYPTED/),
      });
    },
  );
});
