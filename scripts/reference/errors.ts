import ts from 'typescript';
import { anchor, cell, code, page, paragraphs, table } from './markdown.ts';
import { Source, type TypeDeclaration } from './source.ts';

const path = 'src/errors.ts';

function stringsIn(node: ts.Node): string[] {
  const found: string[] = [];
  const visit = (child: ts.Node): void => {
    if (ts.isStringLiteral(child)) found.push(child.text);
    ts.forEachChild(child, visit);
  };
  visit(node);
  return found;
}

/** The codes a class can carry: those of the union that its constructor names. */
function codesOf({ node }: TypeDeclaration, codes: ReadonlySet<string>): string[] {
  if (!ts.isClassDeclaration(node)) return [];
  const constructors = node.members.filter(ts.isConstructorDeclaration);
  return [...new Set(constructors.flatMap(stringsIn).filter((text) => codes.has(text)))];
}

function fieldsOf(source: Source, node: ts.ClassDeclaration): string {
  const properties = node.members.filter(ts.isPropertyDeclaration).filter((property) => isPublic(property));
  if (properties.length === 0) return '';
  const rows = properties.map((property) => [
    code(property.name.getText()),
    code(property.type?.getText() ?? ''),
    cell(source.docOf(property)),
  ]);
  return table(['field', 'type', 'meaning'], rows);
}

function isPublic(property: ts.PropertyDeclaration): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Static;
  return !ts.isPrivateIdentifier(property.name) && (ts.getCombinedModifierFlags(property) & hidden) === 0;
}

export function renderErrors(): string {
  const source = new Source([path]);
  const codes = stringsIn(source.find(path, 'ErrorCode').node);
  const classes = source.declarationsIn(path).filter(({ node }) => ts.isClassDeclaration(node));
  const known = new Set(codes);
  const carriers = new Map(classes.map((declaration) => [declaration, codesOf(declaration, known)]));
  const rows = codes.map((name) => {
    const [declaration] = [...carriers].find(([, own]) => own.includes(name)) ?? [];
    return declaration === undefined
      ? [code(name), `[PosthornError](${anchor('PosthornError')})`, '']
      : [
          code(name),
          `[${declaration.name}](${anchor(declaration.name)})`,
          cell(meaningOf(name, declaration, carriers.get(declaration)!)),
        ];
  });
  const sections = classes.map(({ name, node, doc }) =>
    [`## ${name}`, paragraphs(doc), ts.isClassDeclaration(node) ? fieldsOf(source, node) : '']
      .filter((part) => part !== '')
      .join('\n\n'),
  );
  const intro =
    'Match on `code`, not on the class: two copies of the package may be loaded. ' +
    'A delivery that fails throws nothing; it is an event and a record, see [events](events.md).';
  return page('# Errors', intro, table(['code', 'class', 'when'], rows), ...sections);
}

/** A class of several codes says in brackets what each means. */
function meaningOf(name: string, { name: carrier, doc }: TypeDeclaration, own: readonly string[]): string {
  if (own.length <= 1) return firstSentence(doc);
  const meaning = new RegExp(`\`${name}\`\\s+\\(([^)]+)\\)`).exec(doc)?.[1];
  if (meaning === undefined) throw new Error(`${carrier}: the doc comment does not say what ${name} means`);
  return `${meaning[0]!.toUpperCase()}${meaning.slice(1)}.`;
}

const firstSentence = (text: string): string => /^[\s\S]*?[.](?=\s|$)/.exec(text)?.[0] ?? text;
