/** A server of any language in a process of its own, on a free port. */
import { spawn } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';

export interface ProgramServer extends AsyncDisposable {
  readonly origin: string;
  /** Everything it has printed so far. */
  output(): string;
}

export interface ProgramOptions {
  readonly program: string;
  readonly args: (port: number) => readonly string[];
  /** What it prints when it listens. */
  readonly ready: RegExp;
  readonly folder: string;
  /** Beside what this process has, and `PORT`. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Resolves when it listens; disposing ends it. */
export async function startProgram({
  program,
  args,
  ready,
  folder,
  env,
}: ProgramOptions): Promise<ProgramServer> {
  const port = await freePort();
  const child = spawn(program, args(port), {
    cwd: folder,
    env: { ...process.env, PORT: String(port), PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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
    origin: `http://127.0.0.1:${port}`,
    output: () => output,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await closed;
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
