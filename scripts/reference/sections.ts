import { inspect } from 'node:util';
import ts from 'typescript';
import { anchor, cell, code, paragraphs, table } from './markdown.ts';
import type { Source, TypeDeclaration } from './source.ts';

/** Default values of the members of a section, as far as they are known. */
export type Defaults = Readonly<Record<string, unknown>>;

interface Pending {
  readonly declaration: TypeDeclaration;
  readonly defaults: Defaults | undefined;
}

export interface SectionOptions {
  /** Types that have no section, though something names them. */
  readonly isSkipped: (declaration: TypeDeclaration) => boolean;
  /** Shows a column with the default of each member. */
  readonly hasDefaults: boolean;
}

/** Sections for the given types and for all that they name, each once, in the order of first mention. */
export function renderSections(source: Source, roots: readonly Pending[], options: SectionOptions): string[] {
  const queue = [...roots];
  const known = new Set(queue.map(({ declaration }) => declaration.name));
  const sections: string[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const mention = (node: ts.Node, defaults?: Defaults): void => {
      for (const declaration of source.referencesIn(node)) {
        if (known.has(declaration.name) || !isDescribed(declaration, options)) continue;
        known.add(declaration.name);
        queue.push({ declaration, defaults });
      }
    };
    sections.push(renderSection(source, next, options, mention));
  }
  return sections;
}

/** Ports and classes have pages of their own; what is left is data. */
function isDescribed(declaration: TypeDeclaration, options: SectionOptions): boolean {
  const { node } = declaration;
  if (ts.isClassDeclaration(node) || options.isSkipped(declaration)) return false;
  return ts.isTypeAliasDeclaration(node) || node.members.every(ts.isPropertySignature);
}

type Mention = (node: ts.Node, defaults?: Defaults) => void;

function renderSection(source: Source, pending: Pending, options: SectionOptions, mention: Mention): string {
  const { declaration, defaults } = pending;
  const { node } = declaration;
  const parts = [`## ${declaration.name}`, paragraphs(declaration.doc)];
  if (ts.isTypeAliasDeclaration(node)) {
    const literals = source.listedLiterals(node);
    const text =
      literals === undefined
        ? dedent(node.type.getText())
        : literals.map((member) => `| ${member}`).join('\n');
    parts.push(['```', text, '```'].join('\n'));
    if (literals === undefined) {
      mention(node.type);
      parts.push(links(source, node.type, options));
    }
  } else if (ts.isInterfaceDeclaration(node)) {
    const rows = source.membersOf(node, options.hasDefaults ? 'own' : 'inherited').map((member) => {
      const name = member.name.getText();
      const value = defaults?.[name.replace(/^'|'$/g, '')];
      if (member.type !== undefined) mention(member.type, isRecord(value) ? value : undefined);
      const doc = source.docOf(member);
      if (options.hasDefaults) assertDocAgrees(`${declaration.name}.${name}`, doc, value);
      const type = member.type === undefined ? '' : linkedType(source, member.type, options);
      const shown = [code(name + (member.questionToken && !options.hasDefaults ? '?' : '')), type];
      return [
        ...shown,
        ...(options.hasDefaults ? [renderDefault(name, value, doc)] : []),
        cell(doc + memberDocs(source, member.type)),
      ];
    });
    parts.push(table(['name', 'type', ...(options.hasDefaults ? ['default'] : []), 'meaning'], rows));
  }
  return parts.filter((part) => part !== '').join('\n\n');
}

/** Of an object that has no name, what its members mean. */
function memberDocs(source: Source, type: ts.TypeNode | undefined): string {
  if (type === undefined) return '';
  if (ts.isUnionTypeNode(type)) return type.types.map((part) => memberDocs(source, part)).join('');
  if (!ts.isTypeLiteralNode(type)) return '';
  const documented = type.members
    .filter(ts.isPropertySignature)
    .filter((member) => source.docOf(member) !== '');
  return documented.map((member) => ` ${code(member.name.getText())}: ${source.docOf(member)}`).join('');
}

/** On one line, without comments. */
const typeText = (type: ts.TypeNode): string =>
  type
    .getText()
    .replace(/\/\*\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/^\| /, '');

function linkedType(source: Source, type: ts.TypeNode, options: SectionOptions): string {
  const text = code(typeText(type));
  const [only] = source.referencesIn(type);
  if (only?.name === type.getText() && isDescribed(only, options)) return `[${text}](${anchor(only.name)})`;
  const targets = links(source, type, options);
  return targets === '' ? text : `${text} (${targets.replace(/^See /, '').replace(/[.]$/, '')})`;
}

function links(source: Source, type: ts.TypeNode, options: SectionOptions): string {
  const described = source.referencesIn(type).filter((declaration) => isDescribed(declaration, options));
  const names = [...new Set(described.map(({ name }) => name))];
  return names.length === 0 ? '' : `See ${names.map((name) => `[${name}](${anchor(name)})`).join(', ')}.`;
}

const isRecord = (value: unknown): value is Defaults =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const inDoc = /\bDefault:?\s+(?:is\s+)?(`[^`]+`|[-\w]+(?:[.]\d+)?)/;

const OFF: ReadonlySet<string> = new Set(['no', 'none', 'never']);

/** A doc comment that names another number than `DEFAULTS` has lied since somebody changed one of them. */
function assertDocAgrees(name: string, doc: string, value: unknown): void {
  const claimed = inDoc.exec(doc)?.[1]?.replaceAll('`', '').replaceAll('_', '');
  const isLiteral = ['number', 'boolean'].includes(typeof value);
  if (claimed === undefined || !isLiteral || !/^(-?\d+(?:[.]\d+)?|true|false|Infinity)$/.test(claimed))
    return;
  if (claimed !== String(value))
    throw new Error(`${name}: the doc comment says ${claimed}, DEFAULTS ${String(value)}`);
}

function renderDefault(name: string, value: unknown, doc: string): string {
  const claimed = inDoc.exec(doc)?.[1] ?? '';
  // What `DEFAULTS` has then holds for members of an object that somebody gives.
  if (isRecord(value) && OFF.has(claimed)) return claimed === 'no' ? 'none' : claimed;
  if (value === undefined) {
    if (claimed === 'none' || claimed.startsWith('`')) return claimed;
    return /^(true|false|Infinity|\d+(?:[.]\d+)?)$/.test(claimed) ? code(claimed) : '';
  }
  const text = code(inspect(value, { breakLength: Infinity }).replaceAll('[ ', '[').replaceAll(' ]', ']'));
  const human = typeof value === 'number' ? humanise(name, value) : '';
  return human === '' ? text : `${text} (${human})`;
}

const units: readonly [suffix: string, steps: readonly [size: number, unit: string][]][] = [
  ['Ms', [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1000, 's']]],
  ['Bytes', [[2 ** 20, 'MiB'], [2 ** 10, 'KiB']]],
]; // prettier-ignore

function humanise(name: string, value: number): string {
  const steps = units.find(([suffix]) => name.endsWith(suffix))?.[1] ?? [];
  const step = steps.find(([size]) => value >= size && value % size === 0);
  return step === undefined ? '' : `${value / step[0]} ${step[1]}`;
}

function dedent(text: string): string {
  const lines = text.split('\n');
  const indents = lines
    .slice(1)
    .filter((line) => line.trim() !== '')
    .map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents, 2);
  return lines.map((line, index) => (index === 0 ? line : line.slice(indent))).join('\n');
}
