/**
 * docs/systems.md, made of what was shown in this run. A run of all tests of the systems fails if a row has no test that passed,
 * or the page is another one; `npx vitest run test/systems -u` writes it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { SYSTEMS } from '../systems/rows.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = 'docs/systems.md';
const FOLDER = 'test/systems/';

/** What interprets a receiver here, as {@link nameReceiver} adds it: on the page it would be another one on each machine. */
const VERSION = / \((?:v\d|[A-Z][\w. ]* v?\d)[^)]*\)/;

/** A test, or all cases of one that has parameters. */
interface Proof {
  readonly file: string;
  readonly titles: string[];
}

export class SystemsPageReporter implements Reporter {
  #isUpdate = false;

  onInit(vitest: Vitest): void {
    this.#isUpdate = vitest.config.snapshotOptions.updateSnapshot === 'all';
  }

  async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    const ours = modules.filter(({ relativeModuleId }) => relativeModuleId.startsWith(FOLDER));
    if (!isWhole(ours)) return;
    const proofs = readProofs(ours);
    const unproved = Object.entries(SYSTEMS).flatMap(([system, { rows }]) =>
      Object.keys(rows)
        .map((row) => `${system}/${row}`)
        .filter((id) => !proofs.has(id)),
    );
    if (unproved.length > 0) return fail(`no test that passed shows ${unproved.join(', ')}`);
    const text = await format(renderPage(proofs), { ...(await resolveConfig(PAGE)), parser: 'markdown' });
    if (this.#isUpdate) writeFileSync(`${ROOT}${PAGE}`, text);
    else if (readFileSync(`${ROOT}${PAGE}`, 'utf8') !== text)
      fail(`${PAGE} is not what the tests show; npx vitest run test/systems -u writes it`);
  }
}

/** Every file of the systems ran, with all its tests. */
function isWhole(modules: readonly TestModule[]): boolean {
  const files = readdirSync(`${ROOT}${FOLDER}`).filter((name) => name.endsWith('.test.ts'));
  return (
    files.length === modules.length &&
    modules.every(({ children }) =>
      [...children.allTests()].every((test) => test.result().state !== 'skipped'),
    )
  );
}

function readProofs(modules: readonly TestModule[]): ReadonlyMap<string, readonly Proof[]> {
  const proofs = new Map<string, Map<string, Proof>>();
  for (const module of modules)
    for (const test of module.children.allTests('passed'))
      for (const id of test.meta().rows ?? []) {
        const known = proofs.get(id) ?? new Map<string, Proof>();
        const proof = known.get(placeOf(test)) ?? { file: module.relativeModuleId, titles: [] };
        proof.titles.push(titleOf(test.fullName));
        proofs.set(id, known.set(placeOf(test), proof));
      }
  return new Map([...proofs].map(([id, known]) => [id, [...known.values()]]));
}

/** Cases of one test stand at one place, in one suite. */
function placeOf({ id, location, parent }: TestCase): string {
  return location === undefined ? id : `${parent.id} ${location.line}:${location.column}`;
}

/** The same on each machine. */
export function titleOf(fullName: string): string {
  return fullName.replace(VERSION, '').replaceAll(' > ', ' ');
}

/** What all cases have in common, with the number of them. */
export function nameProof(titles: readonly string[]): string {
  const [first = '', ...others] = titles;
  if (others.length === 0) return first;
  const words = titles.map((title) => title.split(' '));
  const start = countCommon(words);
  const end = countCommon(words.map((each) => each.slice(start).reverse()));
  const common = words[0]!;
  return `${[...common.slice(0, start), '…', ...common.slice(common.length - end)].join(' ')} (${titles.length} cases)`;
}

/** How many words all lists begin with. */
function countCommon([first = [], ...others]: readonly (readonly string[])[]): number {
  const differs = first.findIndex((word, index) => others.some((other) => other[index] !== word));
  return differs < 0 ? first.length : differs;
}

function renderPage(proofs: ReadonlyMap<string, readonly Proof[]>): string {
  const sections = Object.entries(SYSTEMS).flatMap(([system, { title, about, rows }]) => [
    `## ${title}`,
    `${about} Its documentation: \`test/systems/documents/${system}.txt\` in the repository; [recipe](recipes/${system}.md); example: \`examples/${system}\`.`,
    ...Object.entries(rows).flatMap(([row, text]) => [
      `### ${text}`,
      (proofs.get(`${system}/${row}`) ?? [])
        .map(({ file, titles }) => `- ${escapeText(nameProof(titles))} (\`${file.slice(FOLDER.length)}\`)`)
        .join('\n'),
    ]),
  ]);
  return [
    '<!-- Generated: npx vitest run test/systems -u -->',
    '# Five systems on Posthorn',
    'Five webhook systems as their users know them, each rebuilt with settings and a few lines of its application. Their receivers, run ' +
      'as the documentation of each prints them, notice nothing. Each heading is something that its users know, and is shown by the tests below it, files of ' +
      '`test/systems` in the repository: all of them passed when this page was written, and it is checked with each run of them.',
    ...sections,
  ].join('\n\n');
}

const escapeText = (text: string): string => text.replaceAll('\n', ' ').replace(/[*<]/g, '\\$&');

function fail(message: string): void {
  console.error(`systems: ${message}`);
  process.exitCode = 1;
}
