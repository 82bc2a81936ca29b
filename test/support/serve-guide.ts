/** Receivers of the guide in other languages, run as they stand there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileOf } from './guide-program.ts';
import { startProgram, type ProgramOptions } from './program-server.ts';

export interface GuideServer extends AsyncDisposable {
  readonly url: string;
  /** Everything it has printed so far. */
  output(): string;
}

export interface ServeOptions extends Omit<ProgramOptions, 'folder' | 'env'> {
  readonly files: readonly string[];
  readonly secrets: readonly string[];
  /** Where it runs, instead of a folder of its own. */
  readonly folder?: string;
}

/** Saves the files in a folder of their own, and starts the program there. */
export async function serveGuide({
  files,
  secrets,
  folder: given,
  ...program
}: ServeOptions): Promise<GuideServer> {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-guide-'));
  for (const name of files) writeFileSync(join(folder, name), fileOf('receiving', name));
  const env = { WEBHOOK_SECRET: secrets.join(' ') };
  const server = await startProgram({ ...program, folder: given ?? folder, env });
  return {
    url: `${server.origin}/hooks`,
    output: () => server.output(),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
