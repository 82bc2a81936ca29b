/** Text and code as Markdown (GitHub's), so that nothing in them can be taken for Markdown. */

/** One line of text; fits into the cell of a table. */
export function escapeMarkdown(text: string): string {
  const line = text.replace(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return (
    line
      .replace(/[\\`*_[\]<>|~&!#$]/g, '\\$&')
      // What would make a list, a heading or a rule of a line.
      .replace(/^([-+=:])/, '\\$1')
      .replace(/^(\d+)([.)])/, '$1\\$2')
  );
}

/** Text of several paragraphs. */
export function escapeParagraphs(text: string): string {
  return text
    .split(/(?:\r?\n|\r)\s*(?:\r?\n|\r)/)
    .map(escapeMarkdown)
    .filter((paragraph) => paragraph !== '')
    .join('\n\n');
}

/** A name as code, where a table allows it: a backtick, a bar or a backslash would end the code or the cell. */
export function codeSpan(text: string): string {
  return /^[^`|\\\s\p{Cc}](?:[^`|\\\r\n\p{Cc}\p{Zl}\p{Zp}]*[^`|\\\s\p{Cc}])?$/u.test(text)
    ? `\`${text}\``
    : escapeMarkdown(text);
}

/** A block of code; its fence is longer than any in the code. */
export function codeBlock(code: string, language: string): string {
  const longest = Math.max(2, ...(code.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${code}\n${fence}`;
}
