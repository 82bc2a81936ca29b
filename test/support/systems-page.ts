/**
 * docs/systems.md, made of what was shown in this run. A run of all tests of the systems fails if a row has no test that passed,
 * or the page is another one; `npx vitest run test/systems -u` writes it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Reporter, TestModule, Vitest } from 'vitest/node';
import { SYSTEMS } from '../systems/rows.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = 'docs/systems.md';
const FOLDER = 'test/systems/';

/** What interprets a receiver here, as {@link nameReceiver} adds it: on the page it would be another one on each machine. */
const VERSION = / \((?:v\d|[A-Z][\w ]* \d)[^)]*\)/;

interface Proof {
  readonly file: string;
  readonly title: string;
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
  const proofs = new Map<string, Proof[]>();
  for (const module of modules)
    for (const test of module.children.allTests('passed'))
      for (const id of test.meta().rows ?? []) {
        const title = test.fullName.replace(VERSION, '').replaceAll(' > ', ' ');
        const known = proofs.get(id) ?? [];
        proofs.set(id, [...known, { file: module.relativeModuleId, title }]);
      }
  return proofs;
}

function renderPage(proofs: ReadonlyMap<string, readonly Proof[]>): string {
  const sections = Object.entries(SYSTEMS).map(([system, { title, about, rows }]) => {
    const lines = Object.entries(rows).map(([row, text]) => {
      const shown = (proofs.get(`${system}/${row}`) ?? []).map(
        ({ file, title }) => `${escapeCell(title)} (\`${file.slice(FOLDER.length)}\`)`,
      );
      return `| ${escapeCell(text)} | ${shown.join('<br>')} |`;
    });
    return [
      `## ${title}`,
      `${about} [Recipe](recipes/${system}.md); example: \`examples/${system}\`.`,
      ['| What its users know | Shown by |', '| --- | --- |', ...lines].join('\n'),
    ].join('\n\n');
  });
  return [
    '<!-- Generated: npx vitest run test/systems -u -->',
    '# Five systems on Posthorn',
    'Five webhook systems as their users know them, each rebuilt with settings and a few lines of its application. Their receivers, run ' +
      'as the documentation of each prints them, notice nothing. Every line is shown by the tests beside it, files of ' +
      '`test/systems` in the repository: all of them passed when this page was written, and it is checked with each run of them.',
    ...sections,
  ].join('\n\n');
}

const escapeCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function fail(message: string): void {
  console.error(`systems: ${message}`);
  process.exitCode = 1;
}
