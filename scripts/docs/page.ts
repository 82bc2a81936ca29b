import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** A fenced block of a page. `line` is the page's line of its first line of code, counted from 1. */
export interface CodeBlock {
  readonly language: string;
  /** The words after the language: `continue`, `no-check=reason`. */
  readonly flags: readonly string[];
  readonly code: string;
  readonly line: number;
}

/** One Markdown file. `prose` has its lines with code emptied, so that line numbers stay true. */
export interface Page {
  /** Path from the repository's root, with slashes. */
  readonly path: string;
  readonly prose: readonly string[];
  readonly blocks: readonly CodeBlock[];
}

/** A claim of the documentation that does not hold. */
export interface Problem {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

const fence = /^(\s*)(`{3,}|~{3,})\s*(.*)$/;

export function parsePage(path: string, text: string): Page {
  const prose: string[] = [];
  const blocks: CodeBlock[] = [];
  let open: { indent: number; mark: string; info: string; line: number; code: string[] } | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [, indent = '', mark = '', info = ''] = fence.exec(line) ?? [];
    if (open !== undefined) {
      prose.push('');
      if (mark.startsWith(open.mark) && info === '') {
        const [language = '', ...flags] = splitInfo(open.info);
        blocks.push({ language, flags, code: open.code.join('\n'), line: open.line });
        open = undefined;
      } else {
        open.code.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)));
      }
    } else if (mark !== '') {
      open = { indent: indent.length, mark, info, line: index + 2, code: [] };
      prose.push('');
    } else {
      prose.push(line);
    }
  }
  if (open !== undefined) throw new Error(`${path}:${open.line - 1}: the code block is never closed`);
  return { path, prose, blocks };
}

/** `ts no-check=needs a database` has the flags `no-check=needs a database`: a reason is a sentence. */
function splitInfo(info: string): string[] {
  const reasonAt = info.search(/\bno-check\b/);
  const words = (reasonAt < 0 ? info : info.slice(0, reasonAt)).split(/\s+/).filter((word) => word !== '');
  return reasonAt < 0 ? words : [...words, info.slice(reasonAt).trim()];
}

/** README.md, the other pages of the repository's root, and everything below docs/. */
export function readPages(): Page[] {
  const rootPages = readdirSync(root).filter((name) => name.endsWith('.md'));
  let docs: string[] = [];
  try {
    docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  } catch {
    // No docs yet: the checks that need a page say so.
  }
  const paths = [
    ...rootPages,
    ...docs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name)),
  ];
  return paths.sort().map((path) => {
    const absolute = join(root, path);
    return parsePage(relative(root, absolute).replaceAll('\\', '/'), readFileSync(absolute, 'utf8'));
  });
}
