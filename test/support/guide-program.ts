/** Programs of the guides, as they stand there. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';

const readGuide = (guide: string): string =>
  readFileSync(new URL(`../../docs/guides/${guide}.md`, import.meta.url), 'utf8');

/** The only program of a guide that has this text in it: a block, and those that continue it. */
export function programWith(guide: string, language: 'ts' | 'js', text: string): string {
  const programs: string[] = [];
  for (const [, lang, continues, code = ''] of readGuide(guide).matchAll(
    /^```(ts|js)( continue)?\n([\s\S]*?)^```$/gm,
  )) {
    if (lang !== language) continue;
    programs.push(continues === undefined ? code : `${programs.pop() ?? ''}\n${code}`);
  }
  const found = programs.filter((program) => program.includes(text));
  if (found.length !== 1) throw new Error(`${guide}.md has ${found.length} programs with ${text}`);
  return found[0]!;
}

/** The block of a guide that is to be saved under this name. */
export function fileOf(guide: string, title: string): string {
  const blocks = [...readGuide(guide).matchAll(/^```\w+ title=(\S+)\n([\s\S]*?)^```$/gm)];
  const found = blocks.filter(([, name]) => name === title);
  if (found.length !== 1) throw new Error(`${guide}.md has ${found.length} blocks with title=${title}`);
  return found[0]![2]!;
}

/** The JavaScript of a TypeScript program. */
export function toJavaScript(program: string): string {
  return ts.transpile(program, { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 });
}

/** What a TypeScript program exports that imports nothing but types, and modules of Node.js. */
export function importProgram(program: string): Promise<unknown> {
  return import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(toJavaScript(program))}`);
}
