/** Commands that are pointed at another place than was meant, or have a key that may less: what they say then. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toNodeHandler } from '../../src/http/index.ts';
import { type ApiWorld, createApiWorld, KEYS } from '../support/api-world.ts';
import { type CommandLine, createCommandLine } from '../support/command-line.ts';

interface Served extends AsyncDisposable {
  readonly world: ApiWorld;
  readonly cli: CommandLine;
  /** Of the application, without the base path. */
  readonly origin: string;
  readonly stop: () => Promise<void>;
}

async function serve(): Promise<Served> {
  const world = await createApiWorld();
  const server = createServer(toNodeHandler(world.api));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => server.close(() => resolve()).closeAllConnections());
  return {
    world,
    stop,
    cli: await createCommandLine(),
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      await stop();
      await world[Symbol.asyncDispose]();
    },
  };
}

describe('an application', { timeout: 60_000 }, () => {
  it('that is looked for at the address of its webhooks, or without its base path', async () => {
    await using served = await serve();
    const { cli, origin } = served;
    const list = (url: string): ReturnType<CommandLine['run']> =>
      cli.run('list', '--url', url, '--token', KEYS.alice);
    expect(await list(`${origin}/api`)).toMatchObject({ code: 0 });
    expect(await list(`${origin}/api/webhooks`)).toEqual({
      code: 5,
      stdout: '',
      stderr: `posthorn: There is no webhook API at ${origin}/api/webhooks/webhooks: it answers 404. --url is what stands in front of /webhooks: ${origin}/api\n`,
    });
    expect(await list(origin)).toEqual({
      code: 5,
      stdout: '',
      stderr: `posthorn: There is no webhook API at ${origin}/webhooks: it answers 404. --url is the address of the application with the base path of the API, as in ${origin}/api\n`,
    });
    const emitted = await cli.run('emit', 'job.done', '{}', '--url', origin, '--token', KEYS.alice);
    expect(emitted.stderr).toMatch(/There is nothing at this path\. .* below \/api\/webhooks\.\n$/);
  });

  it('that does not run', async () => {
    await using served = await serve();
    const { cli, origin } = served;
    await served.stop();
    const refused = await cli.run('emit', 'job.done', '{}', '--url', `${origin}/api`, '--token', KEYS.alice);
    const stderr = `posthorn: Cannot reach ${origin}/api: ECONNREFUSED.\n`;
    expect(refused).toEqual({ code: 5, stdout: '', stderr });
  });

  it('that does not know the key', async () => {
    await using served = await serve();
    const { cli, origin } = served;
    for (const key of [[], ['--token', 'key-of-nobody-0123456789']]) {
      const refused = await cli.run('list', '--url', `${origin}/api`, ...key);
      expect(refused).toMatchObject({ code: 4, stdout: '' });
      expect(refused.stderr).toMatch(/Here: --token KEY, or POSTHORN_TOKEN\.\n$/);
    }
  });

  it('that does not tell this key the secret', async () => {
    await using served = await serve();
    const { cli, origin, world } = served;
    const add = (...more: readonly string[]): ReturnType<CommandLine['run']> =>
      cli.run('add', world.harness.receiver.url, '--url', `${origin}/api`, ...more);
    const hidden = await add('--token', KEYS.writer);
    expect(hidden).toMatchObject({ code: 0 });
    expect(hidden.stderr).toMatch(/Its secret was generated and is not shown.* posthorn rotate-secret\n$/s);
    expect((await add('--token', KEYS.alice)).stderr).toMatch(/it is not shown again:\n +whsec_/);
  });
});

describe('a folder', { timeout: 60_000 }, () => {
  it('in which a store begins, which is told once', async () => {
    const cli = await createCommandLine();
    const begun =
      /^There was no store at \.\/webhoks, so this began one\. An application must open it, too\.\n/;
    const emit = ['emit', 'job.done', '{}', '--store', './webhoks'];
    expect((await cli.run(...emit)).stderr).toMatch(begun);
    expect((await cli.run(...emit)).stderr).toBe('');
  });

  it('in which none begins by a command that is refused', async () => {
    const cli = await createCommandLine();
    const refused = await cli.run('add', 'http://127.0.0.1:4000/h', '--store', './webhoks');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^posthorn: url: /);
    expect(existsSync(join(cli.folder, 'webhoks'))).toBe(false);
  });

  it('whose application allows what this command does not know', async () => {
    const cli = await createCommandLine(['--store', './hooks']);
    await cli.run('add', 'http://127.0.0.1:2/hook', '--allow-private', '127.0.0.0/8');
    const explain = ['explain', 'job.done', '{}'];
    expect((await cli.run(...explain)).stderr).toMatch(/those of this command: .*--allow-private CIDR/);
    const allowed = await cli.run(...explain, '--allow-private', '127.0.0.0/8');
    expect(allowed).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/ yes /) });
  });
});
