/**
 * Compares what the built package exports, values and types, with test/package/exports.snapshot.txt.
 * A difference is a change of the public API: `npm run check:exports -- --update` records it for review.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const snapshotPath = join(root, 'test/package/exports.snapshot.txt');

interface Entry {
  readonly specifier: string;
  readonly types: string;
  readonly code: string;
}

function readEntries(): Entry[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string;
    exports: Record<string, string | { types: string; default: string }>;
  };
  return Object.entries(manifest.exports).flatMap(([subpath, target]) =>
    typeof target === 'string'
      ? []
      : [
          {
            specifier: manifest.name + subpath.slice(1),
            types: join(root, target.types),
            code: join(root, target.default),
          },
        ],
  );
}

function kindOf(symbol: ts.Symbol): string {
  const { flags } = symbol;
  if (flags & ts.SymbolFlags.Class) return 'class';
  if (flags & ts.SymbolFlags.Function) return 'function';
  if (flags & ts.SymbolFlags.Enum) return 'enum';
  if (flags & ts.SymbolFlags.Variable) return 'const';
  if (flags & ts.SymbolFlags.Namespace) return 'namespace';
  if (flags & ts.SymbolFlags.Interface) return 'interface';
  return 'type';
}

/** A class can be exported as a type only: users may name it, and only the package makes instances. */
function isTypeOnly(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some(
    (declaration) => ts.isExportSpecifier(declaration) && declaration.isTypeOnly,
  );
}

const typeKinds = new Set(['interface', 'type', 'class type']);

function declaredExports(checker: ts.TypeChecker, file: ts.SourceFile): Map<string, string> {
  const module = checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error(`${file.fileName} is not a module`);
  const found = new Map<string, string>();
  for (const symbol of checker.getExportsOfModule(module)) {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const kind = kindOf(target);
    found.set(symbol.name, kind === 'class' && isTypeOnly(symbol) ? 'class type' : kind);
  }
  return found;
}

/**
 * A declaration without its value, or the reverse, would reach users as a crash or a missing type. The bundler of
 * declarations makes the first out of a class that is exported with `export type`: export an interface of it instead.
 */
async function assertRuntimeAgrees(entry: Entry, declared: ReadonlyMap<string, string>): Promise<void> {
  const loaded = new Set(Object.keys((await import(pathToFileURL(entry.code).href)) as object));
  const values = [...declared].filter(([, kind]) => !typeKinds.has(kind)).map(([name]) => name);
  const problems = [
    ...values
      .filter((name) => !loaded.has(name))
      .map((name) => `${name} is declared as a value, but not exported`),
    ...[...loaded]
      .filter((name) => !values.includes(name))
      .map((name) => `${name} is exported without a type`),
  ];
  if (problems.length > 0) throw new Error(`${entry.specifier}: ${problems.join('; ')}`);
}

async function renderSnapshot(): Promise<string> {
  const entries = readEntries();
  const missing = entries.flatMap(({ types, code }) => [types, code]).filter((path) => !existsSync(path));
  if (missing.length > 0) throw new Error(`run "npm run build" first: no ${missing.join(', ')}`);
  const program = ts.createProgram({
    rootNames: entries.map(({ types }) => types),
    options: { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, skipLibCheck: true },
  });
  const sections: string[] = [];
  for (const entry of entries) {
    const file = program.getSourceFile(entry.types);
    if (file === undefined) throw new Error(`cannot read ${entry.types}`);
    const declared = declaredExports(program.getTypeChecker(), file);
    await assertRuntimeAgrees(entry, declared);
    const lines = [...declared]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, kind]) => `  ${name} ${kind}`);
    sections.push([entry.specifier, ...lines].join('\n'));
  }
  return sections.join('\n\n') + '\n';
}

const current = await renderSnapshot();
const recorded = existsSync(snapshotPath) ? readFileSync(snapshotPath, 'utf8') : '';

if (process.argv.includes('--update')) {
  writeFileSync(snapshotPath, current);
  console.log(`exports: ${recorded === current ? 'unchanged' : 'snapshot updated'}`);
} else if (recorded === current) {
  console.log('exports: as recorded');
} else {
  const now = new Set(current.split('\n'));
  const before = new Set(recorded.split('\n'));
  console.error('The public exports differ from test/package/exports.snapshot.txt:');
  for (const line of before) if (!now.has(line)) console.error(`- ${line.trim()}`);
  for (const line of now) if (!before.has(line)) console.error(`+ ${line.trim()}`);
  console.error('If that is intended: npm run check:exports -- --update, and a line in CHANGELOG.md.');
  process.exitCode = 1;
}
