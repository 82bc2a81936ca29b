/** Programs of the guides, run as they are pasted: under node:test, and against what really arrives. */
import { spawn } from 'node:child_process';
import type { IncomingHttpHeaders } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createHarness } from 'posthorn/testing';
import { describe, expect, it } from 'vitest';
import { importProgram, programWith } from '../support/guide-program.ts';

const tsx = createRequire(import.meta.url).resolve('tsx/cli');
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a TypeScript program; `tsconfig.json` gives it the sources in place of the package. */
function run(program: string, signal: AbortSignal): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [tsx, '-e', program], {
    cwd: root,
    signal,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

describe('the guide to testing', () => {
  it.each([
    ['the harness', 'also to a receiver that stumbles', /^# pass 1$/m],
    ['msw and kyTransport', "from 'msw/node'", /^# pass 1$/m],
    ['a receiver that fails', 'createFaultReceiver', /^# pass 2$/m],
    ['the suites for stores and transports', 'createTransportSuite(', /^# pass [3-9]\d\d$/m],
  ])('has a program for %s that passes in node:test', { timeout: 60_000 }, async (_, text, passed) => {
    const { code, output } = await run(programWith('testing', 'ts', text), AbortSignal.timeout(55_000));
    expect(output.match(/^\s+not ok .*$/gm) ?? []).toEqual([]);
    expect(output).toMatch(passed);
    expect(code).toBe(0);
  });
});

describe('the guide to writing a store', () => {
  it('has a store that passes the whole suite in node:test', { timeout: 60_000 }, async () => {
    const program = programWith('writing-a-store', 'ts', 'export function portStore(');
    const { code, output } = await run(program, AbortSignal.timeout(55_000));
    expect(output.match(/^\s+not ok .*$/gm) ?? []).toEqual([]);
    expect(output).toMatch(/^# pass [2-9]\d\d$/m);
    expect(output).toMatch(/^# fail 0$/m);
    expect(code).toBe(0);
  });
});

describe('the guide to signing', () => {
  it('has a check of public keys that accepts what is sent, and refuses everything else', async () => {
    const block = programWith('signing-and-rotation', 'ts', 'export function isGenuine(');
    const { isGenuine } = (await importProgram(block)) as {
      isGenuine: (publicKey: string, headers: IncomingHttpHeaders, body: string | Uint8Array) => boolean;
    };
    await using harness = await createHarness({ startAt: Date.now() });
    const endpoint = await harness.createEndpoint({ signatures: ['standard-ed25519'] });
    const { publicKey } = await harness.dispatcher.endpoints.rotateSecret(endpoint.id);
    await harness.dispatcher.emit('job.completed', { note: 'ünïcode ✓' });
    await harness.dispatcher.drain();
    const { headers, body } = harness.receiver.requests[0]!;
    expect(isGenuine(endpoint.publicKey!, headers, body)).toBe(true);
    expect(isGenuine(publicKey!, headers, body)).toBe(true);
    expect(isGenuine(publicKey!, headers, Buffer.from(body).toString())).toBe(true);
    expect(isGenuine(publicKey!, headers, Buffer.concat([body, Buffer.from(' ')]))).toBe(false);
    expect(isGenuine(publicKey!, { ...headers, 'webhook-id': 'msg_other' }, body)).toBe(false);
    expect(isGenuine(publicKey!, { ...headers, 'webhook-signature': undefined }, body)).toBe(false);
    const stale = String(Number(headers['webhook-timestamp']) - 301);
    expect(isGenuine(publicKey!, { ...headers, 'webhook-timestamp': stale }, body)).toBe(false);
    const stranger = await harness.createEndpoint({ signatures: ['standard-ed25519'] });
    expect(isGenuine(stranger.publicKey!, headers, body)).toBe(false);
  });
});
