/** An example as an author copies it: into a project of ES modules, with the built package as its dependency. */
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createBuiltPackage } from './built-package.ts';

export interface CopiedExample extends AsyncDisposable {
  /** Where its files are. */
  readonly folder: string;
}

export async function copyExample(name: string): Promise<CopiedExample> {
  const built = await createBuiltPackage(`example-${name}-`);
  const folder = join(built.folder, name);
  await writeFile(join(built.folder, 'package.json'), '{ "type": "module" }\n');
  await cp(fileURLToPath(new URL(`../../examples/${name}`, import.meta.url)), folder, { recursive: true });
  return { folder, [Symbol.asyncDispose]: () => built[Symbol.asyncDispose]() };
}
