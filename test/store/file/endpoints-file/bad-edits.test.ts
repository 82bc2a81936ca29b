import { describe, expect, it } from 'vitest';
import { FileWorld } from './file-world.ts';

const GOOD = { id: 'ep_good', url: 'https://example.com/good', events: ['job.*'] };
const URL = 'https://example.com/bad';

/** Text of the file, and what the message says of it. The bad endpoint begins in line 4. */
const bad = (members: object): string =>
  `{\n  "endpoints": [\n    ${JSON.stringify(GOOD)},\n    ${JSON.stringify(members)}\n  ]\n}\n`;

const EDITS: readonly (readonly [what: string, text: string, message: string])[] = [
  [
    'a comment',
    '{\n  // mine\n  "endpoints": []\n}',
    ', line 2, column 3: comments are not supported; put the remark into a member of its own, such as "note".',
  ],
  [
    'a missing comma',
    '{\n  "version": 1\n  "endpoints": []\n}',
    ', line 3, column 3: expected , or }, got ".',
  ],
  ['a cut file', '{\n  "endpoints": [', ', line 2, column 17: expected a value, got the end of the file.'],
  ['a list', '[]', ': expected an object: { "endpoints": [ … ] }, got an array of 0.'],
  ['no endpoints', '{}', ', line 1: endpoints: expected a list of endpoints, [] for none, got undefined.'],
  ['a slip at the top', '{ "endpoint": [] }', ', line 1: Unknown key "endpoint". Did you mean "endpoints"?'],
  [
    'a later version',
    '{ "version": 2, "endpoints": [] }',
    ', line 1: version: expected 1, got 2. The file was written by a later version of Posthorn.',
  ],
  [
    'another switch',
    '{ "switch": "off", "endpoints": [] }',
    ', line 1: switch: expected "running", "hold" or "discard", got "off" (string).',
  ],
  [
    'a text as endpoint',
    '{ "endpoints": ["https://example.com"] }',
    ', line 1: endpoints[0]: expected an endpoint: { "url": … }, got "https://example.com" (string).',
  ],
  ['no url', bad({ events: ['job.*'] }), ', line 4: endpoints[1].url: expected'],
  [
    'a url that is none',
    bad({ url: 'example.com' }),
    ', line 4: endpoints[1].url: expected an absolute URL that starts with https:// or http://.',
  ],
  [
    'a password in a url',
    bad({ url: 'https://me:secret@example.com' }),
    ', line 4: endpoints[1].url: user name and password in a URL are not supported;',
  ],
  [
    'a pattern that is none',
    bad({ url: URL, events: ['job.*', 'job..x'] }),
    ', line 4: endpoints[1].events[1]: expected',
  ],
  [
    'a slip',
    bad({ url: URL, evnets: ['job.*'] }),
    ', line 4: Unknown key "endpoints[1].evnets". Did you mean "events"? A remark of your own is kept under another name, such as "x-evnets".',
  ],
  [
    'a word of somewhere else',
    bad({ url: URL, active: false }),
    ', line 4: Unknown key "endpoints[1].active". Write "status": "enabled" or "disabled". A remark of your own is kept under another name, such as "x-active".',
  ],
  [
    'a text for "enabled"',
    bad({ url: URL, enabled: 'no' }),
    ', line 4: endpoints[1].enabled: expected true or false, got "no" (string).',
  ],
  [
    'two words for a status',
    bad({ url: URL, status: 'enabled', enabled: false }),
    ', line 4: endpoints[1].enabled: give either "enabled" or "status", not both.',
  ],
  [
    'a number for "enabled" at the top',
    JSON.stringify({ enabled: 0, endpoints: [] }),
    ', line 1: enabled: expected true or false, got 0 (number).',
  ],
  [
    'a switch that is on and off',
    JSON.stringify({ enabled: false, switch: 'running', endpoints: [] }),
    ', line 1: switch: "enabled" says false, and "switch" says "running". Remove "switch".',
  ],
  [
    'a switch that is off and on',
    JSON.stringify({ enabled: true, switch: 'hold', endpoints: [] }),
    ', line 1: switch: "enabled" says true, and "switch" says "hold". Remove "switch".',
  ],
  [
    'a word of somewhere else at the top',
    JSON.stringify({ paused: true, endpoints: [] }),
    ', line 1: Unknown key "paused". Write "switch": "running", "hold" or "discard". A remark',
  ],
  [
    'an id twice',
    bad({ url: URL, id: 'ep_good' }),
    ', line 4: endpoints[1].id: "ep_good" is the id of endpoints[0] as well. Change one of them, or remove it to get a new one.',
  ],
  [
    'an id that is none',
    bad({ url: URL, id: 'a b' }),
    ', line 4: endpoints[1].id: expected 1 to 256 characters of A-Z, a-z, 0-9, _ and -, got "a b" (string).',
  ],
  [
    'an id of a destination',
    bad({ url: URL, id: 'adhoc_1' }),
    ', line 4: endpoints[1].id: ids that begin with adhoc_ belong to destinations',
  ],
  [
    'a filter that is none',
    bad({ url: URL, filter: { 'data.x': { $near: 1 } } }),
    ', line 4: endpoints[1].filter',
  ],
  [
    'a header of HTTP',
    bad({ url: URL, headers: { Host: 'x' } }),
    ', line 4: endpoints[1].headers["Host"]: the header Host cannot be set here: it follows from the url.',
  ],
  [
    'headers that are none',
    bad({ url: URL, headers: 'x' }),
    ', line 4: endpoints[1].headers: expected an object of header names, each with its value, got "x" (string).',
  ],
  [
    'a header that a scheme writes',
    bad({ url: URL, signatures: ['github'], headers: { 'X-Hub-Signature-256': 'x' } }),
    ', line 4: endpoints[1].headers["X-Hub-Signature-256"]: the header X-Hub-Signature-256 cannot be set here: the signature scheme "github" writes it.',
  ],
  [
    'a preset that is nearly one',
    bad({ url: URL, retry: 'shrot' }),
    ', line 4: endpoints[1].retry: expected a preset or a policy, got "shrot" (string). Did you mean "short"? ',
  ],
  ['a retry that is none', bad({ url: URL, retry: 'often' }), ', line 4: endpoints[1].retry: expected'],
  [
    'a limit out of bounds',
    bad({ url: URL, timeoutMs: 0 }),
    ', line 4: endpoints[1].timeoutMs: expected a number of milliseconds from 1 to 600000, got 0 (number).',
  ],
  [
    'a status that is none',
    bad({ url: URL, status: 'off' }),
    ', line 4: endpoints[1].status: expected one of "enabled", "disabled", got "off" (string).',
  ],
  [
    'a reason that is none',
    bad({ url: URL, status: 'disabled', disabledReason: 'tired' }),
    ', line 4: endpoints[1].disabledReason: expected the reason why it is disabled, got "tired" (string). Known are gone, manual, failing, unverified.',
  ],
  [
    'a mark that is none',
    bad({ url: URL, status: 'disabled', held: 'yes' }),
    ', line 4: endpoints[1].held: expected true or false, or nothing, got "yes" (string).',
  ],
  [
    'a time that is none',
    bad({ url: URL, createdAt: 'yesterday' }),
    ', line 4: endpoints[1].createdAt: expected a time such as "2026-01-31T12:00:00Z", or epoch milliseconds, got "yesterday" (string).',
  ],
  [
    'a revision that is none',
    bad({ url: URL, revision: 0 }),
    ', line 4: endpoints[1].revision: expected a whole number from 1 to',
  ],
  [
    'a hidden endpoint',
    bad({ url: URL, hidden: true }),
    ', line 4: endpoints[1].hidden: endpoints in this file are never hidden; remove it.',
  ],
  [
    'secret and secrets',
    bad({ url: URL, secret: 'PRIVATE', secrets: ['PRIVATE'] }),
    ', line 4: endpoints[1].secrets: give either secret or secrets, not both.',
  ],
  [
    'a number as secret',
    bad({ url: URL, secrets: [12345678] }),
    ', line 4: endpoints[1].secrets[0]: expected a secret, as a text or as { "value": … }, got a number.',
  ],
  [
    'secrets that are none',
    bad({ url: URL, secrets: 'PRIVATE' }),
    ', line 4: endpoints[1].secrets: expected a list of secrets, got a string.',
  ],
  [
    'a secret for another scheme',
    bad({ url: URL, signatures: ['standard'], secret: 'PRIVATE' }),
    ', line 4: endpoints[1].secrets[0]: expected a secret, "whsec_" and the base64 of 24 to 64 bytes',
  ],
  [
    'an empty secret',
    bad({ url: URL, secret: '' }),
    ', line 4: endpoints[1].secrets[0]: expected a secret, a text of 1 to 1024 characters, got 0 characters.',
  ],
  [
    'another tenant',
    bad({ url: URL }).replace('"events":["job.*"]', '"tenant":"other"'),
    ', line 3: endpoints[0].tenant cannot be changed. Create another endpoint instead: remove its id as well.',
  ],
];

describe('an edit with something wrong in it', () => {
  it.each(EDITS)('changes nothing and is explained: %s', async (_what, text, message) => {
    await using world = new FileWorld();
    world.save({ switch: 'hold', endpoints: [GOOD] });
    const file = await world.open();
    const before = [file.list({ limit: 10 }), file.getSwitch()];
    world.save(text);
    const problem = await world.lasts(file);
    expect(problem.message).toContain(world.path + message);
    expect(problem.message).toMatch(
      / Nothing of this edit is in force; what was there before it stays so\.$/,
    );
    expect(problem.message).not.toContain('PRIVATE');
    expect(problem).toMatchObject({ kind: 'invalid', file: world.path });
    expect([file.list({ limit: 10 }), file.getSwitch()]).toEqual(before);
    expect(file.problem).toEqual(problem);
    // Nothing is written over it.
    expect(world.text()).toBe(text);
    expect(world.changes).toEqual([]);
  });

  it.each(EDITS.filter(([what]) => what !== 'another tenant'))(
    'keeps a store from starting: %s',
    async (_what, text, message) => {
      await using world = new FileWorld();
      world.save(text);
      const error: unknown = await world.open().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: 'StoreError', code: 'record_invalid' });
      expect(String(error)).toContain(world.path + message);
      expect(String(error)).toMatch(/ Repair it, then start again\.$/);
      expect(world.text()).toBe(text);
    },
  );

  it('refuses changes until it is repaired', async () => {
    await using world = new FileWorld();
    world.save({ endpoints: [GOOD] });
    const file = await world.open();
    world.save('{ "endpoints": [ }');
    const removed = file.remove('ep_good').catch((reason: unknown) => reason);
    await world.until(removed);
    expect(String(await removed)).toMatch(
      /line 1, column 18: expected a value, got }\. Nothing was written, so that no edit is lost\. Repair it, then try again\.$/,
    );
    world.save({ endpoints: [GOOD] });
    expect(await file.remove('ep_good')).toBe(true);
    expect(world.content().endpoints).toEqual([]);
  });

  it('lets a change wait for an editor that saves in several steps', async () => {
    await using world = new FileWorld();
    world.save({ endpoints: [GOOD] });
    const file = await world.open();
    const saved = world.text();
    world.save('', 'write');
    const removed = file.remove('ep_other');
    await world.clock.advance(100);
    world.save(saved.replace('/good', '/better'), 'write');
    await world.until(removed);
    expect(await removed).toBe(false);
    expect(file.get('ep_good')?.url).toBe('https://example.com/better');
    expect(world.problems).toEqual([]);
  });

  it('tells again of an edit that is wrong in another way, and no more when it is right', async () => {
    await using world = new FileWorld();
    world.save({ endpoints: [GOOD] });
    const file = await world.open();
    world.save('{');
    await world.lasts(file);
    await world.lasts(file);
    world.save('{ "endpoints": 1 }');
    await world.lasts(file);
    expect(world.problems).toHaveLength(2);
    world.save({ endpoints: [{ ...GOOD, name: 'repaired' }] });
    await file.refresh();
    expect(file.problem).toBeUndefined();
    expect(file.get('ep_good')?.name).toBe('repaired');
    expect(world.problems).toHaveLength(2);
  });

  it('does not tell of one that is over before it lasts', async () => {
    await using world = new FileWorld();
    world.save({ endpoints: [GOOD] });
    const file = await world.open();
    for (const text of ['', '{ "endpo', '{ "endpoints": [] }']) {
      world.save(text, 'write');
      await file.refresh();
      await world.clock.advance(50);
    }
    expect(file.list({ limit: 1 }).items).toEqual([]);
    expect(world.problems).toEqual([]);
  });
});
