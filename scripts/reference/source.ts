import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A type that a page describes: its declaration, and the symbol it is known by. */
export interface TypeDeclaration {
  readonly name: string;
  readonly node: ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.ClassDeclaration;
  readonly doc: string;
}

/** The sources as the compiler sees them: names, types and doc comments. */
export class Source {
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;

  constructor(paths: readonly string[]) {
    const rootNames = paths.map((path) => join(root, path));
    const missing = rootNames.filter((path) => !existsSync(path)).map((path) => relative(root, path));
    if (missing.length > 0) throw new Error(`the reference needs ${missing.join(', ')}`);
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
      config: { compilerOptions: object };
    };
    const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
    this.#program = ts.createProgram({ rootNames, options });
    this.#checker = this.#program.getTypeChecker();
  }

  /** The statements of one file that declare something, exported or not. */
  declarationsIn(path: string): TypeDeclaration[] {
    const file = this.#program.getSourceFile(join(root, path));
    if (file === undefined) throw new Error(`the compiler did not read ${path}`);
    return file.statements.flatMap((statement) => this.#toDeclaration(statement) ?? []);
  }

  /** One declaration by name; a page that loses its subject must not be generated empty. */
  find(path: string, name: string): TypeDeclaration {
    const found = this.declarationsIn(path).find((declaration) => declaration.name === name);
    if (found === undefined) throw new Error(`${path} declares no ${name}`);
    return found;
  }

  /** Interfaces and type aliases of the sources that a type node names, in order. */
  referencesIn(node: ts.Node): TypeDeclaration[] {
    const found: TypeDeclaration[] = [];
    const visit = (child: ts.Node): void => {
      if (ts.isTypeReferenceNode(child) || ts.isExpressionWithTypeArguments(child)) {
        const name = ts.isTypeReferenceNode(child) ? child.typeName : child.expression;
        const declaration = this.#declarationOf(this.#checker.getSymbolAtLocation(name));
        if (declaration !== undefined) found.push(declaration);
      }
      ts.forEachChild(child, visit);
    };
    visit(node);
    return found;
  }

  /** Members of an interface with those it inherits: first what all of its kind have, or first what is its own. */
  membersOf(node: ts.InterfaceDeclaration, first: 'inherited' | 'own' = 'inherited'): ts.PropertySignature[] {
    const inherited = (node.heritageClauses ?? []).flatMap((clause) =>
      clause.types.flatMap((base) => {
        const declaration = this.#declarationOf(this.#checker.getSymbolAtLocation(base.expression));
        return declaration !== undefined && ts.isInterfaceDeclaration(declaration.node)
          ? this.membersOf(declaration.node, first)
          : [];
      }),
    );
    const own = node.members.filter(ts.isPropertySignature);
    const names = new Set(own.map((member) => member.name.getText()));
    const rest = inherited.filter((member) => !names.has(member.name.getText()));
    return first === 'own' ? [...own, ...rest] : [...rest, ...own];
  }

  /**
   * The members of `(typeof NAMES)[number]`, which by itself tells a reader nothing. Read from the list, because the
   * compiler keeps the members of a union in an order that depends on the rest of the program.
   */
  listedLiterals({ type }: ts.TypeAliasDeclaration): string[] | undefined {
    if (!ts.isIndexedAccessTypeNode(type)) return undefined;
    const inner = ts.isParenthesizedTypeNode(type.objectType) ? type.objectType.type : type.objectType;
    if (!ts.isTypeQueryNode(inner)) return undefined;
    const symbol = this.#checker.getSymbolAtLocation(inner.exprName);
    const list = symbol?.valueDeclaration;
    if (list === undefined || !ts.isVariableDeclaration(list) || list.initializer === undefined)
      return undefined;
    const array = ts.isAsExpression(list.initializer) ? list.initializer.expression : list.initializer;
    if (!ts.isArrayLiteralExpression(array)) return undefined;
    return array.elements.map((element) => element.getText());
  }

  docOf(node: ts.NamedDeclaration): string {
    const symbol = node.name === undefined ? undefined : this.#checker.getSymbolAtLocation(node.name);
    if (symbol === undefined) return '';
    const text = ts.displayPartsToString(symbol.getDocumentationComment(this.#checker));
    return text.replace(/\{@link\s+([^}\s|]+)[^}]*\}/g, '`$1`').trim();
  }

  #declarationOf(symbol: ts.Symbol | undefined): TypeDeclaration | undefined {
    if (symbol === undefined) return undefined;
    const target = symbol.flags & ts.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
    const [node] = target.declarations ?? [];
    const isOurs =
      node !== undefined && !relative(join(root, 'src'), node.getSourceFile().fileName).startsWith('..');
    return isOurs ? this.#toDeclaration(node) : undefined;
  }

  #toDeclaration(node: ts.Node): TypeDeclaration | undefined {
    const isType =
      ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isClassDeclaration(node);
    if (!isType || node.name === undefined) return undefined;
    return { name: node.name.text, node, doc: this.docOf(node) };
  }
}
