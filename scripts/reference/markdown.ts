export const generatedNote =
  '<!-- Generated from the doc comments in src/ by `npm run docs:check -- --write`. Edit those. -->';

/** A table without padding: a changed cell is a changed line, not a changed table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell || '—').join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Text for a table cell: one line, bars escaped. */
export const cell = (text: string): string => text.replace(/\s+/g, ' ').trim().replaceAll('|', '\\|');

export const code = (text: string): string => (text === '' ? '' : `\`${cell(text)}\``);

/** The anchor of a heading that is an identifier. */
export const anchor = (name: string): string => `#${name.toLowerCase()}`;

/** Doc comments wrap where the source does; a page does not. Fenced code stays as it is. */
export const paragraphs = (text: string): string =>
  text
    .split(/(^```[^]*?^```$)/m)
    .map((part) => (part.startsWith('```') ? part : part.replace(/([^\n])\n[ \t]*(?=[^\s\-*|])/g, '$1 ')))
    .join('');

export const page = (...parts: readonly string[]): string =>
  [generatedNote, ...parts].filter((part) => part !== '').join('\n\n') + '\n';
