import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Problem, root } from './page.ts';

/** What every `scripts/generate-*.ts` exports: the wanted text of each page it owns, by path from the root. */
interface Generator {
  generate(): Promise<Map<string, string>>;
}

async function wantedPages(): Promise<Map<string, string>> {
  const scripts = readdirSync(join(root, 'scripts')).filter((name) => /^generate-.*[.]ts$/.test(name));
  const wanted = new Map<string, string>();
  for (const name of scripts.sort()) {
    const generator = (await import(pathToFileURL(join(root, 'scripts', name)).href)) as Generator;
    for (const [path, text] of await generator.generate()) wanted.set(path, text);
  }
  return wanted;
}

/** Generated pages are committed and current. With `write`, they are made so. */
export async function checkGenerated(write: boolean): Promise<{ count: number; problems: Problem[] }> {
  const wanted = await wantedPages();
  const problems: Problem[] = [];
  for (const [path, text] of wanted) {
    const absolute = join(root, path);
    const committed = existsSync(absolute) ? readFileSync(absolute, 'utf8') : undefined;
    if (committed === text) continue;
    if (write) {
      mkdirSync(dirname(absolute), { recursive: true });
      writeFileSync(absolute, text);
      console.log(`wrote ${path}`);
    } else {
      problems.push({
        path,
        line: firstDifference(committed ?? '', text),
        message: 'run npm run docs:check -- --write',
      });
    }
  }
  return { count: wanted.size, problems };
}

function firstDifference(left: string, right: string): number {
  const other = right.split('\n');
  return left.split('\n').findIndex((line, index) => line !== other[index]) + 1;
}
