import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { runProgram } from '../support/child.ts';
import type { Swallowed } from './programs/swallow.ts';

const MIB = 1024 * 1024;
const SENT_BYTES = 200 * MIB;
/** A transport that kept what it reads would need more than three times this. */
const MAX_GROWN_BYTES = 64 * MIB;

describe.each(['undici', 'ky'])('the memory of %s stays flat', (transport) => {
  it.each([
    ['a body without end', 'endless_body', SENT_BYTES],
    // 1 KiB of it is 1 MiB unpacked.
    ['a compressed body without end', 'gzip_bomb', SENT_BYTES],
    ['interim responses without end', 'flood_of_interim', SENT_BYTES],
    ['the size line of a chunk without end', 'endless_chunk_extension', SENT_BYTES],
  ])('under 200 MiB of %s', { timeout: 60_000 }, async (_what, fault, bytes) => {
    const program = `
      import { swallow } from './test/transport/programs/swallow.ts';
      console.log(JSON.stringify(await swallow('${transport}', '${fault}', ${bytes})));`;
    const { code, stdout, stderr } = await runProgram(program, AbortSignal.timeout(55_000));
    assert.equal(code, 0, stderr);
    const swallowed = JSON.parse(stdout) as Swallowed;
    assert.ok(swallowed.sentBytes >= bytes && swallowed.responses + swallowed.failures > 0, stdout);
    assert.ok(swallowed.grownBytes < MAX_GROWN_BYTES, stdout);
  });
});
