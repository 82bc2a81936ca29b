/** `posthorn sign`: the headers that the dispatcher would write. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createBodySigner } from '../../src/cli/request/sign-body.ts';
import { readScheme, type SignatureFlags } from '../../src/cli/request/signature-flags.ts';
import { resolveSignature } from '../../src/core/signature.ts';
import { createSigner } from '../../src/engine/sign.ts';
import { createReceiver } from '../../src/testing/index.ts';
import { createCommandLine } from '../support/command-line.ts';
import { SCHEME_CASES, STANDARD_SECRET, TEXT_SECRET } from '../support/request-signing.ts';

const execute = promisify(execFile);

const BODY = Buffer.from('{"a":1,\r\n "b": "\u00e9"}\n\xff', 'latin1');
const CONTEXT = { messageId: 'msg_1', timestampSeconds: 1_772_366_400 };

describe('posthorn sign', { timeout: 60_000 }, () => {
  it.each(SCHEME_CASES.map((scheme) => [scheme.name, scheme] as const))(
    'writes by the scheme %s what the dispatcher writes, and posthorn verify confirms it',
    async (_name, { signature, secret, signFlags, verifyFlags, isTimeless }) => {
      const expected: string[] = [];
      createSigner([resolveSignature(signature)], [secret]).sign(BODY, CONTEXT, expected);
      const cli = await createCommandLine();
      cli.write('body', BODY);
      const hasId = expected.some((text) => text === CONTEXT.messageId);
      const id = hasId ? ['--id', CONTEXT.messageId] : [];
      const { headers } = await cli.json<{ headers: Record<string, string> }>([
        'sign',
        'body',
        ...signFlags,
        ...id,
        '--timestamp',
        String(CONTEXT.timestampSeconds),
      ]);
      expect(Object.entries(headers).flat()).toEqual(expected);

      const given = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
      const verified = await cli.json(['verify', '--body', 'body', ...given, ...verifyFlags]);
      expect(verified).toMatchObject({ ok: true, body_bytes: BODY.length });
      expect(verified['signed_at']).toBe(isTimeless === true ? undefined : CONTEXT.timestampSeconds * 1000);
    },
  );

  it('signs with every secret of a rotation, where the scheme can carry it', () => {
    const secrets = [STANDARD_SECRET, `whsec_${Buffer.alloc(32, 7).toString('base64')}`];
    const flags: SignatureFlags = {};
    const signed = createBodySigner(readScheme(flags, []), secrets)(BODY, CONTEXT);
    const expected: string[] = [];
    createSigner([resolveSignature('standard')], secrets).sign(BODY, CONTEXT, expected);
    expect(signed.flat()).toEqual(expected);
  });

  it('prints a command that sends the body as it is', async () => {
    await using receiver = await createReceiver({ verify: { secret: STANDARD_SECRET } });
    const cli = (await createCommandLine()).withEnv({ POSTHORN_SECRET: STANDARD_SECRET });
    const name = "it's.json";
    const url = `${receiver.url}hook?a='b'`;
    cli.write(name, '{"type":"job.done"}\n');
    const signed = await cli.run('sign', name, '--curl', url);
    expect(signed).toMatchObject({ code: 0, stderr: '' });
    // The words that a shell would give to curl, which is not on every machine.
    const { stdout } = await execute('sh', ['-c', signed.stdout.replace(/^curl/, "printf '%s\\n'")]);
    const words = stdout.trimEnd().split('\n');
    expect(words.filter((word, index) => word.startsWith('-') || words[index - 1] !== '-H')).toEqual([
      '-X',
      'POST',
      ...Array.from({ length: 4 }, () => '-H'),
      '--data-binary',
      `@${name}`,
      url,
    ]);
    const given = words.filter((_, index) => words[index - 1] === '-H').map((line) => line.split(': '));
    const body = readFileSync(join(cli.folder, name));
    await fetch(words.at(-1)!, { method: 'POST', body, headers: given as [string, string][] });
    const [request] = await receiver.waitFor(1);
    expect(request).toMatchObject({ path: '/hook?a=%27b%27', verification: { ok: true } });
    expect(request!.headers['content-type']).toBe('application/json');
  });

  it('reads what comes in', async () => {
    const cli = (await createCommandLine()).withInput('{}');
    const signed = await cli.run('sign', '-', '--scheme', 'github', '--secret', TEXT_SECRET);
    expect(signed).toMatchObject({ code: 0, stderr: '' });
    expect(signed.stdout).toMatch(/^x-hub-signature-256: sha256=[0-9a-f]{64}\n$/);
  });

  it('says which public key goes with a key pair', async () => {
    const { signFlags, verifyFlags } = SCHEME_CASES.find(({ name }) => name === 'standard-ed25519')!;
    const cli = (await createCommandLine()).withInput('{}');
    expect((await cli.run('sign', '-', ...signFlags)).stderr).toContain(verifyFlags[1]);
  });

  it.each([
    [['sign', 'body'], /Give what to sign with: --secret\./],
    [['sign', 'none', '--secret', STANDARD_SECRET], /none cannot be read: /],
    [['sign', 'body', '--secret', 'short'], /--secret: expected a secret, "whsec_" and the base64/],
    [
      ['sign', 'body', '--secret', 'x', '--scheme', 'github', '--id', 'msg_1'],
      /--id: the scheme github sends no id/,
    ],
    [['sign', 'body', '--secret', STANDARD_SECRET, '--id', 'a.b'], /--id: expected 1 to 256 characters/],
    [
      ['sign', 'body', '--secret', 'x', '--secret', 'y', '--scheme', 'hex'],
      /hex carries one signature, and 2 secrets/,
    ],
    [
      ['sign', 'body', '--secret', 'x', '--scheme', 'github', '--signature-header', 'x-a'],
      /--signature-header: this scheme has no such setting/,
    ],
    [['sign', 'body', '--secret', 'x', '--scheme', 'none'], /Allowed choices are standard, /],
    [['sign', 'body', '--secret', STANDARD_SECRET, '--curl', 'localhost'], /Expected an http: or https: URL/],
  ])('refuses %j', async (args, message) => {
    const cli = await createCommandLine();
    cli.write('body', '{}');
    const refused = await cli.run(...args);
    expect(refused.stderr).toMatch(message);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).not.toContain(STANDARD_SECRET);
  });
});
