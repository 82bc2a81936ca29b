import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createHarness } from 'posthorn/testing';
import { describe, expect, it } from 'vitest';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

type IsGenuine = (secret: string, headers: IncomingHttpHeaders, body: Uint8Array) => boolean;

/** The verification that readers copy, as it stands in the README. */
async function loadVerification(): Promise<IsGenuine> {
  const code = [...readme.matchAll(/^```js\n([\s\S]*?)^```$/gm)]
    .map(([, block = '']) => block)
    .find((block) => block.includes('export function isGenuine'));
  if (code === undefined) throw new Error('README.md has no js block that exports isGenuine');
  const loaded = (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`)) as {
    isGenuine: IsGenuine;
  };
  return loaded.isGenuine;
}

describe('the requirements in the README', () => {
  it('name every dependency', () => {
    const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
    const { dependencies } = JSON.parse(manifest) as { readonly dependencies: Record<string, string> };
    const [, named] = /\ndependencies, none of them compiled: (.+?)\./.exec(readme) ?? [];
    expect(named?.split(', ')).toEqual(Object.keys(dependencies).sort());
  });
});

describe('the verification in the README', () => {
  it('accepts what the dispatcher sends and refuses everything else', async () => {
    const isGenuine = await loadVerification();
    await using harness = await createHarness({ startAt: Date.now() });
    const { secret } = await harness.createEndpoint();
    await harness.dispatcher.emit('job.completed', { note: 'ünïcode ✓' });
    await harness.dispatcher.drain();

    const { headers, body } = harness.receiver.requests[0]!;
    const stale = String(Number(headers['webhook-timestamp']) - 301);
    expect(isGenuine(secret!, headers, body)).toBe(true);
    expect(isGenuine(secret!, headers, Buffer.concat([body, Buffer.from(' ')]))).toBe(false);
    expect(isGenuine(secret!, { ...headers, 'webhook-id': 'msg_other' }, body)).toBe(false);
    expect(isGenuine(secret!, { ...headers, 'webhook-timestamp': stale }, body)).toBe(false);
    expect(isGenuine(secret!, { ...headers, 'webhook-signature': undefined }, body)).toBe(false);
    expect(
      isGenuine(
        secret!,
        { ...headers, 'webhook-signature': `v1,é${headers['webhook-signature']!.slice(4)}` },
        body,
      ),
    ).toBe(false);
    expect(isGenuine(`whsec_${Buffer.alloc(32).toString('base64')}`, headers, body)).toBe(false);
    expect(
      isGenuine(secret!, { ...headers, 'webhook-signature': `v1,x ${headers['webhook-signature']}` }, body),
    ).toBe(true);
  });
});

describe('the README', () => {
  it('shows its first program before line 30, in at most 15 lines', () => {
    const lines = readme.split('\n');
    const start = lines.findIndex((line) => /^```(js|ts)/.test(line)) + 1;
    const length = lines.slice(start).indexOf('```');

    expect(start).toBeLessThan(30);
    expect(length).toBeLessThanOrEqual(15);
    expect(lines.length).toBeLessThanOrEqual(220);
  });
});
