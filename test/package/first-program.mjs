// Runs the first program of the README as a reader would: pasted into a file beside the installed package.
//   node first-program.mjs <folder with the package installed>
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const readmePath = fileURLToPath(new URL('../../README.md', import.meta.url));
const folder = process.argv[2];

function fail(message) {
  console.error(`first program: ${message}`);
  process.exit(1);
}

if (folder === undefined) fail('expected a folder with the package installed');
if (!existsSync(readmePath)) fail('there is no README.md');
const readme = readFileSync(readmePath, 'utf8').replaceAll('\r\n', '\n');
const block = /^```(ts|js|mjs|typescript|javascript)\b[^\n]*\n([\s\S]*?)^```$/m.exec(readme);
if (block === null) fail('README.md has no fenced ts or js block');

const [, language, program] = block;
const startsAt = readme.slice(0, block.index).split('\n').length + 1;
if (startsAt > 30) fail(`it starts at line ${startsAt} of README.md; expected before line 30`);
if (!/from 'posthorn'/.test(program))
  fail(`the first ${language} block (line ${startsAt}) does not import posthorn`);

let code = program;
if (language.startsWith('t')) {
  const { default: ts } = await import('typescript');
  const options = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2022,
    verbatimModuleSyntax: true,
  };
  code = ts.transpileModule(program, { compilerOptions: options }).outputText;
}
writeFileSync(join(folder, 'first-program-of-readme.mjs'), code);
try {
  const printed = execFileSync(process.execPath, ['first-program-of-readme.mjs'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 30_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  console.log(printed.trim());
} catch (error) {
  const ending = error.code === 'ETIMEDOUT' ? 'was still running after 30 s' : `exited with ${error.status}`;
  fail(`it ${ending}\n${code}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
}
