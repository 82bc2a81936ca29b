/** How commands are given, and what they say when they are given wrongly. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeProgram } from '../../src/cli/describe-program.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { createProgram } from '../../src/cli/program.ts';
import { silentTerminal } from '../../src/cli/silent-terminal.ts';
import { createCommandLine } from '../support/command-line.ts';

describe('the help', { timeout: 60_000 }, () => {
  it.each(describeProgram(createProgram(silentTerminal)).map(({ name, help }) => [name, help] as const))(
    'of %s has an example',
    (name, help) => {
      expect(help).toMatch(/\nExamples?:\n {2}\$ posthorn \S/);
      expect(help).toMatch(new RegExp(`^Usage: posthorn ${name === 'posthorn' ? '' : name}`));
    },
  );

  it.each(COMMANDS.map(({ name, examples }) => [name, examples] as const))(
    'of %s shows nothing but this command',
    (name, examples) => {
      for (const example of examples) expect(example.split(' ')[0]).toBe(name);
    },
  );

  it('is printed for a command, and without any', async () => {
    const cli = await createCommandLine();
    const whole = await cli.run();
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    expect(whole.stdout).toBe((await cli.run('--help')).stdout);
    expect((await cli.run('help', 'replay')).stdout).toBe((await cli.run('replay', '--help')).stdout);
    expect((await cli.run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('wrong use', { timeout: 60_000 }, () => {
  it.each([
    [['lst'], /unknown command 'lst'\n\(Did you mean list\?\)/],
    [['list', '--jsn'], /unknown option '--jsn'\n\(Did you mean --json\?\)/],
    [
      ['--store', './hooks', 'list'],
      /unknown option '--store'\nOptions come after the command: posthorn list --store/,
    ],
    [
      ['show'],
      /^posthorn: missing required argument 'id'\nIds come from posthorn list\. See posthorn show --help\.\n$/,
    ],
    [['retry'], /^posthorn: missing required argument 'ids'\nIds come from posthorn deliveries\./],
    [['explain'], /^posthorn: missing required argument 'type'\nSee posthorn explain --help\./],
    [['list', 'more'], /too many arguments/],
    [['list', '--limit', '0'], /--limit <n>' argument '0' is invalid\. Expected a whole number from 1 to/],
    [['stats', '--since', 'yesterday'], /'yesterday' is invalid\. Expected a time in ISO 8601, .*24h/],
    [['deliveries', '--state', 'gone'], /'gone' is invalid\. Expected one or more of scheduled, sending/],
    [['add', 'https://example.com', '--filter', '{'], /Expected JSON: /],
    [['add', 'https://example.com', '--header', 'X-Team'], /Expected 'Name: value'/],
    [['add', 'https://example.com', '--rate-limit', '10'], /Expected how many in which time/],
    [['emit', 'job.done', '{job}'], /The data is no JSON: .*single quotes/],
    [['emit', 'job.done', '@none.json'], /none\.json cannot be read: /],
    [['update', 'ep_1', '--unset', 'url'], /--unset: expected one of name, .*got "url"/],
    [
      ['schema', '--dialect', 'sqlite', '--from', ''],
      /argument '' is invalid\. Expected a whole number from 0 to/,
    ],
    [['replay', '--missing', '--failed'], /'--missing' cannot be used with option '--failed'/],
    [
      ['replay', '--failed', '--state', 'sending'],
      /'--failed' cannot be used with option '--state <states>'/,
    ],
    [['schema', '--dialect', 'oracle'], /Allowed choices are sqlite, postgres, mysql/],
    [['list', '--store', './a', '--url', 'https://b'], /--store and --url exclude each other/],
    [['list', '--url', 'app.example.com'], /--url: expected the http: or https: URL/],
    [
      ['list', '--store', 'https://app.example.com'],
      /one of the scheme https\. An application is reached with --url\./,
    ],
    [['list', '--store', 'mysql://root@127.0.0.1:3306'], /names no database/],
    [['list', '--url', 'https://b', '--tenant', 'x'], /--tenant goes with a store/],
    [['list', '--config', 'none.mjs'], /--config: there is no file none\.mjs/],
    [['emit', 'bad type', '{}'], /^posthorn: event_type: expected a dotted name .*got "bad type"/],
    [
      ['add', 'http://localhost:3000'],
      /localhost is loopback.*With a store: --allow-private 127\.0\.0\.0\/8/,
    ],
  ])('%j says what is wrong, with exit code 2', async (args, message) => {
    const cli = await createCommandLine();
    mkdirSync(join(cli.folder, 'webhooks/journal'), { recursive: true });
    const refused = await cli.run(...args);
    expect(refused.stderr).toMatch(message);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
  });

  it('tells of a store that is not there, and makes none', async () => {
    const cli = await createCommandLine();
    for (const [args, message] of [
      [
        ['list'],
        'posthorn: There is no store at ./webhooks. Name another one with --store, or begin one with posthorn add.\n',
      ],
      [
        ['list', '--store', 'sqlite:hooks.db'],
        'posthorn: There is no store at sqlite:hooks.db. Name another one with --store, or make it with posthorn migrate.\n',
      ],
    ] as const)
      for (let time = 1; time <= 2; time += 1)
        expect(await cli.run(...args)).toEqual({ code: 5, stdout: '', stderr: message });
  });

  it('tells of an application that cannot be reached', async () => {
    const cli = await createCommandLine();
    const refused = await cli.run('list', '--url', 'http://127.0.0.1:2/api');
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(refused.stderr).toBe('posthorn: Cannot reach http://127.0.0.1:2/api: ECONNREFUSED.\n');
  });
});

describe('a configuration', { timeout: 60_000 }, () => {
  const CONFIG = `
    import { z } from 'zod';
    import { defineEvents } from 'posthorn';
    import { fileStore } from 'posthorn/file';
    export default async () => ({
      store: fileStore('./hooks'),
      events: defineEvents({ 'job.done': z.object({ id: z.string() }).describe('A job is done') }),
      functions: { filter: { vip: ({ data }) => data.id === '1' } },
      network: { allowPrivate: ['127.0.0.0/8'] },
    });`;

  it('gives store, catalog, functions and network rules of the application', async () => {
    const cli = await createCommandLine();
    cli.write('posthorn.config.mjs', CONFIG);
    expect(await cli.run('add', 'http://127.0.0.1:2/hook', 'VIP')).toMatchObject({ code: 0 });
    // Only by hand, or in code: callers of the API name no functions.
    const file = join(cli.folder, 'hooks/endpoints.json');
    const typed = JSON.parse(readFileSync(file, 'utf8')) as { endpoints: object[] };
    typed.endpoints = typed.endpoints.map((endpoint) => ({ ...endpoint, filter: { $custom: 'vip' } }));
    writeFileSync(file, JSON.stringify(typed));
    expect((await cli.run('events')).stdout).toMatch(
      /^EVENT +DESCRIPTION +DEPRECATED\njob\.done +A job is done +-\n$/,
    );
    const refused = await cli.run('emit', 'job.done', '{"id":1}');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^posthorn: .*\bid\b/);
    expect((await cli.run('emit', 'job.gone', '{}')).code).toBe(2);
    expect(await cli.run('emit', 'job.done', '{"id":"1"}')).toMatchObject({ code: 0 });
    expect(await cli.json(['explain', 'job.done', '{"id":"2"}'])).toMatchObject({
      data: [{ verdict: 'filter' }],
    });
    expect(await cli.run('test', 'http://127.0.0.1:2/hook')).toMatchObject({ code: 1 });
  });

  it.each([
    [
      'export default 3',
      /^posthorn: posthorn\.config\.mjs: expected its default export to be the options of the dispatcher.*got number\.\n$/,
    ],
    ['export default () => { throw new Error("no database") }', /its function threw: no database/],
    ['export default { stor: 1 }', /stor\b.*store/],
    ['import "./none.mjs"', /it cannot be loaded: .*none\.mjs/],
  ])('that is wrong is refused: %s', async (text, message) => {
    const cli = await createCommandLine();
    cli.write('posthorn.config.mjs', text);
    const refused = await cli.run('list');
    expect(refused.stderr).toMatch(message);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
  });

  it('is missed by a test that needs it, which says so', async () => {
    const cli = await createCommandLine();
    cli.write('posthorn.config.mjs', CONFIG);
    await cli.run('add', 'http://127.0.0.1:2/hook');
    const refused = await cli.run(
      'test',
      'http://127.0.0.1:2/hook',
      '--store',
      './hooks',
      '--config',
      'plain.mjs',
    );
    expect(refused.code).toBe(2);
    cli.write('plain.mjs', 'export default {}');
    const blocked = await cli.run(
      'test',
      'http://127.0.0.1:2/hook',
      '--store',
      './hooks',
      '--config',
      'plain.mjs',
    );
    expect(blocked).toMatchObject({ code: 1 });
    expect(blocked.stdout).toMatch(/Reason: +url_refused\n/);
    expect(blocked.stderr).toMatch(/--allow-private CIDR/);
  });
});

describe('the environment', { timeout: 60_000 }, () => {
  it('names the store where no option does', async () => {
    const cli = await createCommandLine([], { POSTHORN_STORE: './hooks' });
    expect(await cli.run('add', 'https://example.com/hook', 'First')).toMatchObject({ code: 0 });
    expect((await cli.run('list')).stdout).toContain('First');
    expect((await cli.run('list', '--store', './hooks', '--json')).stdout).toContain('"First"');
  });

  it('that names a store and an application is refused', async () => {
    const cli = await createCommandLine([], { POSTHORN_STORE: './hooks', POSTHORN_URL: 'https://app' });
    expect((await cli.run('list')).stderr).toMatch(/POSTHORN_URL and POSTHORN_STORE exclude each other/);
  });
});

describe('text of strangers', { timeout: 60_000 }, () => {
  it('does nothing to the terminal', async () => {
    const cli = await createCommandLine(['--store', './hooks']);
    const name = 'a\u001b[31mred\u001b]0;title\u0007\u202e\u009bZ';
    expect(await cli.run('add', 'https://example.com/hook', name)).toMatchObject({ code: 0 });
    for (const args of [['list'], ['list', '--json'], ['show', 'none\u001b[2J']]) {
      const { stdout, stderr } = await cli.run(...args);

      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
    expect((await cli.json<{ data: { name: string }[] }>(['list'])).data[0]!.name).toBe(name);
  });
});

describe('a store that encrypts', { timeout: 60_000 }, () => {
  it('is opened with the keys of the environment, and refused without', async () => {
    const key = Buffer.alloc(32, 7).toString('base64');
    const env = { POSTHORN_STORE: './hooks', POSTHORN_ENCRYPTION_KEYS: `now:${key}` };
    const cli = await createCommandLine([], env);
    expect(await cli.run('add', 'https://example.com/hook')).toMatchObject({ code: 0 });
    expect(readFileSync(join(cli.folder, 'hooks/endpoints.json'), 'utf8')).toContain('enc:v1:now:');
    expect(await cli.run('list')).toMatchObject({ code: 0 });
    const refused = await cli.withEnv({ POSTHORN_STORE: './hooks' }).run('list');
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(refused.stderr).toMatch(
      /encrypted with the key now.*Here: add now:KEY to POSTHORN_ENCRYPTION_KEYS/,
    );
    const wrong = await cli.withEnv({ ...env, POSTHORN_ENCRYPTION_KEYS: key }).run('list');
    expect(wrong.stderr).toMatch(/POSTHORN_ENCRYPTION_KEYS: expected id:key/);
    expect(wrong.stderr).not.toContain(key);
    expect(wrong.code).toBe(2);
  });
});
