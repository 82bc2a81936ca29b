/** Commands that need no store, or make one. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { completionScript, SHELLS } from '../../src/cli/completion-script.ts';
import { describeProgram } from '../../src/cli/describe-program.ts';
import { createProgram } from '../../src/cli/program.ts';
import { silentTerminal } from '../../src/cli/silent-terminal.ts';
import { sqlSchema } from '../../src/store/sql/index.ts';
import { createCommandLine } from '../support/command-line.ts';

describe('posthorn migrate', { timeout: 60_000 }, () => {
  it('makes the tables of a database, once, and other commands go on from there', async () => {
    const cli = await createCommandLine(['--store', 'sqlite:./hooks.db']);
    for (let time = 1; time <= 2; time += 1)
      expect(await cli.run('migrate')).toMatchObject({
        code: 0,
        stdout: 'sqlite:./hooks.db has the tables of this release.\n',
      });
    expect(await cli.run('add', 'https://example.com/hook')).toMatchObject({ code: 0 });
    expect((await cli.json<{ data: unknown[] }>(['list'])).data).toHaveLength(1);
  });

  it('has nothing to do in a folder, and nowhere to do it over the API', async () => {
    const cli = await createCommandLine();
    expect(await cli.run('migrate', '--store', './hooks')).toMatchObject({ code: 2 });
    expect((await cli.run('migrate', '--url', 'https://app')).stderr).toMatch(/where the database is/);
  });
});

describe('posthorn schema', { timeout: 60_000 }, () => {
  it('prints what sqlSchema gives', async () => {
    const cli = await createCommandLine();
    const { stdout, code } = await cli.run(
      'schema',
      '--dialect',
      'postgres',
      '--schema',
      'hooks',
      '--prefix',
      'ph_',
    );
    expect(stdout).toBe(sqlSchema('postgres', { schema: 'hooks', prefix: 'ph_' }));
    expect(code).toBe(0);
    expect(await cli.run('schema', '--dialect', 'mysql', '--from', '99')).toMatchObject({
      code: 2,
      stdout: '',
    });
    expect(await cli.run('schema', '--dialect', 'mysql', '--schema', 'hooks')).toMatchObject({ code: 2 });
  });
});

describe('posthorn completions', { timeout: 60_000 }, () => {
  it.each(SHELLS)('name every command and its options: %s', (shell) => {
    const script = completionScript(shell, describeProgram(createProgram(silentTerminal)));
    for (const { name, options } of describeProgram(createProgram(silentTerminal)).slice(1)) {
      expect(script).toContain(name);
      for (const option of options) expect(script).toContain(option.slice(2));
    }
  });

  it('complete in bash', async () => {
    const cli = await createCommandLine();
    const { stdout } = await cli.run('completions', 'bash');
    const complete = async (...words: readonly string[]): Promise<string> => {
      const program = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _posthorn; echo "\${COMPREPLY[@]}"`;
      const bash = spawn('bash', ['-c', program], { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      for await (const chunk of bash.stdout) text += String(chunk);
      return text.trim();
    };
    expect(await complete('posthorn', 're')).toBe('remove resume retry replay');
    expect(await complete('posthorn', 'replay', '--dr')).toBe('--dry-run');
    expect(await complete('posthorn', 'replay', 'ep')).toBe('');
  });
});

describe('a reader that has seen enough', { timeout: 60_000 }, () => {
  it('ends the command quietly', async () => {
    const cli = await createCommandLine();
    const program = join(cli.folder, '../node_modules/posthorn/dist/cli.js');
    const child = spawn(process.execPath, [program, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    for await (const chunk of child.stderr) stderr += String(chunk);
    expect(stderr).toBe('');
  });
});
