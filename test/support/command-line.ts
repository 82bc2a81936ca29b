/** The `posthorn` command as users run it: the built package, in a process of its own, in a folder of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type BuiltPackage, createBuiltPackage } from './built-package.ts';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandLine {
  /** Where it runs. */
  readonly folder: string;
  /** Runs it with these arguments, after those that were set at its creation. */
  run(...args: readonly string[]): Promise<CommandResult>;
  /** The same with `--json`, whose answer it gives. Fails unless the exit code is `code`. */
  json<Answer = Record<string, unknown>>(args: readonly string[], code?: number): Promise<Answer>;
  /** What comes in, for commands that read it. */
  withInput(input: string): CommandLine;
  /** With another environment. */
  withEnv(env: Readonly<Record<string, string>>): CommandLine;
  write(name: string, text: string): void;
}

/** Built once for all tests of a file. */
let built: Promise<BuiltPackage> | undefined;
afterAll(async () => (await built)?.[Symbol.asyncDispose]());

/** @param common arguments of every command: which store it works on */
export async function createCommandLine(
  common: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandLine> {
  built ??= createBuiltPackage('command-line-');
  const { folder: parent } = await built;
  const program = join(parent, 'node_modules/posthorn/dist/cli.js');
  return at(mkdtempSync(join(parent, 'folder-')), program, common, env, '');
}

function at(
  folder: string,
  program: string,
  common: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string,
): CommandLine {
  const run = (...args: readonly string[]): Promise<CommandResult> => {
    const child = spawn(process.execPath, [program, ...args, ...common], {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // It may end without having read it.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    });
  };
  return {
    folder,
    run,
    async json(args, code = 0) {
      const result = await run(...args, '--json');
      if (result.code !== code)
        throw new Error(
          `posthorn ${args.join(' ')} ended with ${result.code}: ${result.stderr}${result.stdout}`,
        );
      return JSON.parse(result.stdout) as never;
    },
    withInput: (text) => at(folder, program, common, env, text),
    withEnv: (other) => at(folder, program, common, other, input),
    write: (name, text) => writeFileSync(join(folder, name), text),
  };
}
