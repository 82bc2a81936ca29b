import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The entry points of the package: what users import, and where it is written. */
export const ENTRY_POINTS = [
  { specifier: 'posthorn', source: 'src/index.ts', page: 'docs/reference/api.md' },
  { specifier: 'posthorn/file', source: 'src/store/file/index.ts', page: 'docs/reference/api-file.md' },
  { specifier: 'posthorn/receiver', source: 'src/receiver/index.ts', page: 'docs/reference/api-receiver.md' },
  { specifier: 'posthorn/sql', source: 'src/store/sql/index.ts', page: 'docs/reference/api-sql.md' },
  { specifier: 'posthorn/http', source: 'src/http/index.ts', page: 'docs/reference/api-http.md' },
  {
    specifier: 'posthorn/prometheus',
    source: 'src/prometheus/index.ts',
    page: 'docs/reference/api-prometheus.md',
  },
  { specifier: 'posthorn/testing', source: 'src/testing/index.ts', page: 'docs/reference/api-testing.md' },
] as const;

/** A name that users can import. */
export interface PublicName {
  readonly name: string;
  readonly node: ts.Declaration;
  readonly doc: string;
  /** Where it is declared: path from the root, and line. */
  readonly path: string;
  readonly line: number;
}

/** The names that an entry point exports, in alphabetical order. */
export function readPublicNames(source: string): { names: PublicName[]; checker: ts.TypeChecker } {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const program = ts.createProgram({ rootNames: [join(root, source)], options });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(join(root, source));
  const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
  if (module === undefined) throw new Error(`the compiler did not read ${source}`);
  const names = checker.getExportsOfModule(module).map((symbol) => toPublicName(symbol, checker));
  return { names: names.sort((a, b) => (a.name < b.name ? -1 : 1)), checker };
}

function toPublicName(symbol: ts.Symbol, checker: ts.TypeChecker): PublicName {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const [node] = target.declarations ?? [];
  if (node === undefined) throw new Error(`${symbol.name} has no declaration`);
  const file = node.getSourceFile();
  return {
    name: symbol.name,
    node,
    doc: readDoc(target, checker),
    path: relative(root, file.fileName).replaceAll('\\', '/'),
    line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1,
  };
}

/** The doc comment of a symbol with its `@throws` lines, links as code. */
export function readDoc(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  const throwing = symbol
    .getJsDocTags(checker)
    .filter(({ name }) => name === 'throws')
    .map(({ text: parts }) => `Throws ${ts.displayPartsToString(parts).trim()}`);
  return [text, ...throwing]
    .join('\n\n')
    .replace(/\{@link\s+([^}\s|]+)[^}]*\}/g, '`$1`')
    .trim();
}
