/** The kit where there is no Node.js: bundled for no platform, run with the globals that every runtime has. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'tsup';
import { describe, expect, it } from 'vitest';
import { BODY, CASES, ID } from './signed.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What Deno, Bun, browsers and edge runtimes have in common with Node.js, as far as the kit is concerned. */
const { crypto, TextEncoder, TextDecoder, URLSearchParams, atob, btoa } = globalThis;

async function bundle(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-kit-'));
  try {
    await build({
      config: false,
      entry: { kit: join(root, 'src/receiver/index.ts') },
      outDir: folder,
      tsconfig: join(root, 'tsconfig.json'),
      format: 'iife',
      globalName: 'kit',
      target: 'es2022',
      platform: 'neutral',
      silent: true,
    });
    return await readFile(join(folder, 'kit.global.js'), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Kit = typeof import('../../src/receiver/index.ts');

function load(code: string, globals: object): Kit {
  const context = createContext({ ...globals });
  runInContext(code, context);
  return runInContext('kit', context) as Kit;
}

describe('the kit in a context with Web Crypto alone', async () => {
  const code = await bundle();
  const kit = load(code, { crypto, TextEncoder, TextDecoder, URLSearchParams, atob, btoa });

  it('is one script of its own, without a package in it', () => {
    expect(code).not.toMatch(/\brequire\(|from ?["']|import ?["'(]|\bBuffer\b|\bprocess\b/);
    expect(code.length).toBeLessThan(80_000);
  });

  it.each(CASES)('verifies %s, and refuses another body', async (_, { headers, options }) => {
    const accepted = await kit.verifyWebhook(BODY, headers, options);
    expect(accepted).toMatchObject({ ok: true, message: { type: 'job.done', data: { note: 'ü 😀' } } });
    expect(await kit.verifyWebhook(`${BODY} `, headers, options)).toMatchObject({
      reason: 'signature_mismatch',
    });
  });

  it('takes bytes and headers of another realm', async () => {
    const [, { headers, options }] = CASES[0]!;
    const { buffer } = new TextEncoder().encode(BODY);
    for (const body of [buffer, new Uint8Array(buffer)])
      expect(await kit.verifyWebhook(body, new Headers(headers), options)).toMatchObject({
        message: { id: ID },
      });
  });

  it('says what is missing where there is no Web Crypto, or none with Ed25519', async () => {
    const bare = load(code, { TextEncoder, TextDecoder, URLSearchParams, atob, btoa });
    const { headers, options } = CASES[0]![1];
    await expect(bare.verifyWebhook(BODY, headers, options)).rejects.toThrow(/no Web Crypto/);
    const subtle = { importKey: () => Promise.reject(new Error('Unrecognized name')) };
    const old = load(code, { crypto: { subtle }, TextEncoder, TextDecoder, atob, btoa });
    const ed25519 = CASES.find(([name]) => name === 'standard-ed25519')![1];
    await expect(old.verifyWebhook(BODY, ed25519.headers, ed25519.options)).rejects.toThrow(/no Ed25519 key/);
  });
});
