/**
 * Docs that fail when they lie: generated pages are current, links lead somewhere, code blocks compile, and every
 * guarantee has tests of the same words, every public name a doc comment. `npm run docs:check -- --write` updates the
 * generated pages first.
 */
import { checkCodeBlocks } from './docs/code-blocks.ts';
import { checkGenerated } from './docs/generated.ts';
import { checkGuarantees } from './docs/guarantees.ts';
import { checkLinks } from './docs/links.ts';
import { readPages } from './docs/page.ts';
import { checkPublicNames } from './docs/public-names.ts';

const generated = await checkGenerated(process.argv.includes('--write'));
const pages = readPages();
const documentation = pages.filter(({ path }) => path === 'README.md' || path.startsWith('docs/'));
const blocks = checkCodeBlocks(documentation);
const guarantees = checkGuarantees(pages);
const names = checkPublicNames();
const problems = [
  ...generated.problems,
  ...checkLinks(pages),
  ...blocks.problems,
  ...guarantees.problems,
  ...names.problems,
];

for (const { path, line, message } of problems) console.error(`${path}:${line}: ${message}`);
console.log(
  `docs: ${pages.length} pages, ${blocks.count} code blocks, ${generated.count} generated pages, ` +
    `${guarantees.count} guarantees, ${names.count} public names, ${problems.length} problems`,
);
if (problems.length > 0) process.exitCode = 1;
