import ts from 'typescript';
import { byAudience } from './audience.ts';
import { anchor, cell, code, page, paragraphs, table } from './markdown.ts';
import { ENTRY_POINTS, type PublicName, readDoc, readPublicNames } from './public-names.ts';

/** Pages that describe names in a form of their own; here they are only named. */
export type Elsewhere = ReadonlyMap<string, string>;

/** A page for each entry point, with every name it exports. */
export function renderApi(elsewhere: Elsewhere): Map<string, string> {
  return new Map(
    ENTRY_POINTS.map(({ specifier, source, page: path }) => {
      const { names, checker } = readPublicNames(source);
      const { users, authors } = byAudience(names);
      const renderPart = (part: readonly PublicName[]): string[] => [
        part.map(({ name }) => `[${name}](${anchor(name)})`).join(' · '),
        ...part.map((entry) => renderName(entry, checker, elsewhere)),
      ];
      return [
        path,
        page(
          `# \`${specifier}\``,
          ...(authors.length === 0
            ? [`Every name that \`${specifier}\` exports.`, ...renderPart(users)]
            : [
                `Every name that \`${specifier}\` exports: first [for applications](#for-applications), then ` +
                  '[for authors of stores and transports](#for-authors-of-stores-and-transports).',
                '## For applications',
                ...renderPart(users),
                '## For authors of stores and transports',
                'An application and its tests need none of these. The [store contract](store-contract.md) says what a store promises.',
                ...renderPart(authors),
              ]),
        ),
      ];
    }),
  );
}

function renderName(entry: PublicName, checker: ts.TypeChecker, elsewhere: Elsewhere): string {
  const { name, node, doc } = entry;
  const other = elsewhere.get(name);
  const parts = [`### ${name}`, paragraphs(doc)];
  if (other !== undefined) parts.push(`Its members are described under [${name}](${other}${anchor(name)}).`);
  else parts.push(...renderDeclaration(node, checker));
  return parts.filter((part) => part !== '').join('\n\n');
}

function renderDeclaration(node: ts.Declaration, checker: ts.TypeChecker): string[] {
  if (ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node))
    return [fence(headOf(node)), renderMembers(node, checker)];
  if (ts.isTypeAliasDeclaration(node)) return [fence(withoutComments(node))];
  if (ts.isFunctionDeclaration(node)) return [fence(signatureOf(node))];
  if (ts.isVariableDeclaration(node)) {
    const type = checker.typeToString(checker.getTypeAtLocation(node), node, TYPE_FLAGS);
    return [fence(`const ${node.name.getText()}: ${type}`)];
  }
  throw new Error(`${node.getText().slice(0, 40)}: the reference cannot show this kind of declaration`);
}

const TYPE_FLAGS = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;

function renderMembers(node: ts.InterfaceDeclaration | ts.ClassDeclaration, checker: ts.TypeChecker): string {
  const type = checker.getTypeAtLocation(node);
  const rows = type.getProperties().flatMap((symbol) => {
    const [member] = symbol.declarations ?? [];
    if (member === undefined || !isShown(member)) return [];
    return [[code(textOf(member as ts.ClassElement | ts.TypeElement)), cell(readDoc(symbol, checker))]];
  });
  return rows.length === 0 ? '' : table(['member', 'meaning'], rows);
}

/** What is inherited from the runtime, private, or known by a symbol is nobody's reading. */
function isShown(member: ts.Declaration): boolean {
  if (/node_modules/.test(member.getSourceFile().fileName)) return false;
  const name = ts.getNameOfDeclaration(member);
  if (name === undefined || ts.isPrivateIdentifier(name) || ts.isComputedPropertyName(name)) return false;
  return (
    (ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) === 0
  );
}

/** A member as it is declared, on one line, without body, comments and `readonly`. */
function textOf(member: ts.ClassElement | ts.TypeElement): string {
  const text = ts.isMethodDeclaration(member) ? signatureOf(member) : withoutComments(member);
  return text
    .replace(/\s+/g, ' ')
    .replace(/^((readonly|async|override) )+/, '')
    .replace(/[;,]$/, '');
}

function headOf(node: ts.InterfaceDeclaration | ts.ClassDeclaration): string {
  const text = withoutComments(node);
  return text.slice(0, text.indexOf('{')).trim();
}

function signatureOf(node: ts.FunctionDeclaration | ts.MethodDeclaration): string {
  const end = node.body === undefined ? node.end : node.body.getStart();
  return tidy(node.getSourceFile().text.slice(node.getStart(), end));
}

const printer = ts.createPrinter({ removeComments: true });

function withoutComments(node: ts.Node): string {
  return tidy(printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()));
}

const tidy = (text: string): string => text.replace(/^export (declare )?/, '').trim();

const fence = (text: string): string => ['```', text, '```'].join('\n');
