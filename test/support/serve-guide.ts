/** Receivers of the guide in other languages, run as they stand there. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileOf } from './guide-program.ts';

export interface GuideServer extends AsyncDisposable {
  readonly url: string;
  /** Everything it has printed so far. */
  output(): string;
}

export interface ServeOptions {
  readonly program: string;
  readonly files: readonly string[];
  readonly args: (port: number) => readonly string[];
  /** What it prints when it listens. */
  readonly ready: RegExp;
  readonly secrets: readonly string[];
  /** Where it runs, instead of a folder of its own. */
  readonly folder?: string;
}

/** Saves the files in a folder of their own, and starts the program there. */
export async function serveGuide({
  program,
  files,
  args,
  ready,
  secrets,
  folder: given,
}: ServeOptions): Promise<GuideServer> {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-guide-'));
  for (const name of files) writeFileSync(join(folder, name), fileOf('receiving', name));
  const port = await freePort();
  const env = {
    ...process.env,
    PORT: String(port),
    WEBHOOK_SECRET: secrets.join(' '),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const child = spawn(program, args(port), { cwd: given ?? folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (ready.test(output)) resolve();
      });
    child.once('error', reject);
    void closed.then(() => reject(new Error(`${program} ended: ${output}`)));
  });
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    output: () => output,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await closed;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
