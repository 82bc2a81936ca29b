/** Runs a program of a host application in a process of its own. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface ChildResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs `program`, an ES module with TypeScript; `posthorn` in it is `./src/index.ts`. Resolves when the process has
 * ended by itself; the test's own timeout catches one that does not, and `signal` ends it. Each of its threads begins with `preload`.
 */
export function runProgram(program: string, signal: AbortSignal, preload?: string): Promise<ChildResult> {
  const source = program.replaceAll("'posthorn'", "'./src/index.ts'");
  const imports = preload === undefined ? ['tsx'] : ['tsx', preload];
  const flags = imports.map((module) => `--import=${module}`);
  const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', source], {
    cwd: root,
    signal,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
