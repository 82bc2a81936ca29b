/** The `posthorn` command as users run it: the built package, in a process of its own, in a folder of its own. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type BuiltPackage, createBuiltPackage } from './built-package.ts';
import { type RunningCommand, startCommand } from './running-command.ts';

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
  /** Starts it, for what ends only when it is told to. */
  start(...args: readonly string[]): RunningCommand;
  /** The same as `run` with `--json`, whose answer it gives. Fails unless the exit code is `code`. */
  json<Answer = Record<string, unknown>>(args: readonly string[], code?: number): Promise<Answer>;
  /** What comes in, for commands that read it. */
  withInput(input: string): CommandLine;
  /** With another environment. */
  withEnv(env: Readonly<Record<string, string>>): CommandLine;
  write(name: string, content: string | Uint8Array): void;
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
  const start = (...args: readonly string[]): RunningCommand =>
    startCommand({ program, args: [...args, ...common], cwd: folder, env, input });
  const run = (...args: readonly string[]): Promise<CommandResult> => start(...args).ended;
  return {
    folder,
    start,
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
    write: (name, content) => writeFileSync(join(folder, name), content),
  };
}
