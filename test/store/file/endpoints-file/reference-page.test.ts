import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Random } from '../../../../src/clock.ts';
import { FileWorld } from './file-world.ts';

const page = readFileSync(new URL('../../../../docs/reference/endpoints-file.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'gm'))].map((match) => match[1]!);

/** The bytes from which the page got its id and its secret. */
function createCountingRandom(): Random {
  let last = 0;
  return { fraction: () => 0.5, bytes: (size) => Uint8Array.from({ length: size }, () => (last += 7) % 256) };
}

describe('docs/reference/endpoints-file.md', () => {
  it('shows what becomes of what a person types', async () => {
    const [typed, written] = blocks('json');
    await using world = new FileWorld();
    world.save(typed!);
    await world.open({ random: createCountingRandom() });
    // As text, so that the order counts.
    expect(JSON.stringify(world.content())).toBe(JSON.stringify(JSON.parse(written!)));
    world.save(written!);
    await world.open();
    expect(world.text()).toBe(written);
  });

  it.each([
    '{\n  "endpoints": [\n    { "url": "https://example.com"\n    "events": ["job.*"] } ]\n}',
    '{\n  "endpoints": [\n    { "url": "example.com" } ]\n}',
    '{\n  "endpoints": [\n    { "url": "https://example.com", "evnets": ["job.*"] } ]\n}',
  ])('shows the message for %j', async (text) => {
    await using world = new FileWorld();
    world.save({ endpoints: [] });
    const file = await world.open();
    world.save(text);
    const { message } = await world.lasts(file);
    const [shown] = message.replace(world.path, 'endpoints.json').split(' Nothing of this edit');
    expect(blocks('text')[0]!.split('\n')).toContain(shown);
  });
});
