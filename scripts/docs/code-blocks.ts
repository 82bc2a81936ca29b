import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { type CodeBlock, type Page, type Problem, root } from './page.ts';

const typescriptNames = new Set(['ts', 'typescript', 'mts']);
const javascriptNames = new Set(['js', 'javascript', 'mjs']);

/** One program of a page: a block, and the blocks that continue it. */
interface Program {
  readonly page: string;
  readonly isTypeScript: boolean;
  readonly blocks: CodeBlock[];
  readonly file: string;
}

const folder = join(root, 'node_modules/.cache/docs-check');

function collectPrograms(page: Page, problems: Problem[]): Program[] {
  const programs: Program[] = [];
  for (const block of page.blocks) {
    const isTypeScript = typescriptNames.has(block.language);
    if (!isTypeScript && !javascriptNames.has(block.language)) continue;
    const report = (message: string): void => {
      problems.push({ path: page.path, line: block.line - 1, message });
    };
    const unchecked = block.flags.find((flag) => flag.startsWith('no-check'));
    if (unchecked !== undefined) {
      if (!/^no-check=\S/.test(unchecked)) report('no-check needs a reason: no-check=reason');
      continue;
    }
    const unknown = block.flags.filter((flag) => flag !== 'continue' && !/^title=/.test(flag));
    if (unknown.length > 0) report(`unknown words after the language: ${unknown.join(' ')}`);
    const previous = programs.at(-1);
    if (!block.flags.includes('continue')) {
      const name = `${page.path.replace(/[^a-z0-9]+/gi, '-')}-line-${block.line}`;
      const file = join(folder, `${name}${isTypeScript ? '.ts' : '.mjs'}`);
      programs.push({ page: page.path, isTypeScript, blocks: [block], file });
    } else if (previous === undefined || previous.isTypeScript !== isTypeScript) {
      report('there is no earlier block in this language to continue');
    } else {
      previous.blocks.push(block);
    }
  }
  return programs;
}

/** The line of the page that a line of the concatenated program came from. */
function lineOnPage(program: Program, programLine: number): number {
  let rest = programLine;
  for (const block of program.blocks) {
    const lines = block.code.split('\n').length;
    if (rest < lines) return block.line + rest;
    rest -= lines;
  }
  return program.blocks.at(-1)?.line ?? 1;
}

const shared: ts.CompilerOptions = {
  noEmit: true,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
  module: ts.ModuleKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  paths: {
    posthorn: [join(root, 'src/index.ts')],
    'posthorn/file': [join(root, 'src/store/file/index.ts')],
    'posthorn/receiver': [join(root, 'src/receiver/index.ts')],
    'posthorn/sql': [join(root, 'src/store/sql/index.ts')],
    'posthorn/http': [join(root, 'src/http/index.ts')],
    'posthorn/prometheus': [join(root, 'src/prometheus/index.ts')],
    'posthorn/testing': [join(root, 'src/testing/index.ts')],
  },
};

function compile(programs: readonly Program[], options: ts.CompilerOptions): Problem[] {
  if (programs.length === 0) return [];
  const byFile = new Map(programs.map((program) => [program.file, program]));
  const compiled = ts.createProgram({ rootNames: [...byFile.keys()], options: { ...shared, ...options } });
  return [...byFile].flatMap(([file, program]) => {
    const source = compiled.getSourceFile(file);
    if (source === undefined) throw new Error(`the compiler did not read ${file}`);
    const diagnostics = [
      ...compiled.getSyntacticDiagnostics(source),
      ...compiled.getSemanticDiagnostics(source),
    ];
    return diagnostics.map((diagnostic) => ({
      path: program.page,
      line: lineOnPage(program, source.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line),
      message: `TS${diagnostic.code} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n    ')}`,
    }));
  });
}

/** Every block in TypeScript or JavaScript compiles against the sources. Returns how many were compiled. */
export function checkCodeBlocks(pages: readonly Page[]): { count: number; problems: Problem[] } {
  const problems: Problem[] = [];
  const programs = pages.flatMap((page) => collectPrograms(page, problems));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const { file, blocks } of programs) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, blocks.map(({ code }) => code).join('\n'));
  }
  const inTypeScript = programs.filter(({ isTypeScript }) => isTypeScript);
  const inJavaScript = programs.filter(({ isTypeScript }) => !isTypeScript);
  problems.push(
    ...compile(inTypeScript, { strict: true, exactOptionalPropertyTypes: true }),
    ...compile(inJavaScript, { allowJs: true, checkJs: true, strict: false }),
  );
  return { count: programs.reduce((sum, { blocks }) => sum + blocks.length, 0), problems };
}
