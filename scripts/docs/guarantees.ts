import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { type Page, type Problem, root } from './page.ts';

const pagePath = 'docs/explanation/delivery-guarantees.md';

interface Sentence {
  readonly text: string;
  readonly path: string;
  readonly line: number;
}

const normalise = (text: string): string => text.replaceAll('**', '').replace(/\s+/g, ' ').trim();

/** The numbered items below the heading "Guarantees": the first paragraph of each, without bold. */
export function promisedSentences(page: Page): Sentence[] {
  const start = page.prose.findIndex((line) => /^#{1,6}\s+Guarantees\s*$/.test(line));
  if (start < 0) return [];
  const sentences: { text: string; path: string; line: number }[] = [];
  let isInItem = false;
  for (const [offset, line] of page.prose.slice(start + 1).entries()) {
    if (/^#{1,6}\s/.test(line)) break;
    const item = /^\d+[.]\s+(.*)$/.exec(line)?.[1];
    if (item !== undefined) {
      sentences.push({ text: item, path: page.path, line: start + 2 + offset });
      isInItem = true;
    } else if (line.trim() === '' || /^\s*[-*]\s/.test(line)) {
      isInItem = false;
    } else if (isInItem) {
      const last = sentences.at(-1);
      if (last !== undefined) last.text += ` ${line}`;
    }
  }
  return sentences.map((sentence) => ({ ...sentence, text: normalise(sentence.text) }));
}

/** The outermost `describe`s of the guarantee tests. */
function testedSentences(path: string): Sentence[] {
  const source = ts.createSourceFile(
    path,
    readFileSync(join(root, path), 'utf8'),
    ts.ScriptTarget.ESNext,
    true,
  );
  return source.statements.flatMap((statement) => {
    if (!ts.isExpressionStatement(statement) || !ts.isCallExpression(statement.expression)) return [];
    const { expression, arguments: parameters } = statement.expression;
    const [title] = parameters;
    if (!/^describe\b/.test(expression.getText()) || title === undefined) return [];
    const line = source.getLineAndCharacterOfPosition(title.getStart()).line + 1;
    return [{ text: ts.isStringLiteralLike(title) ? normalise(title.text) : title.getText(), path, line }];
  });
}

function testFiles(): string[] {
  const folder = join(root, 'test/guarantees');
  const inFolder = existsSync(folder) ? readdirSync(folder).map((name) => `test/guarantees/${name}`) : [];
  const all = ['test/guarantees.test.ts', ...inFolder].filter((path) => path.endsWith('.test.ts'));
  return all.filter((path) => existsSync(join(root, path)));
}

/** Every guarantee of the page has a group of tests with the same words, and the other way round. */
export function checkGuarantees(pages: readonly Page[]): { count: number; problems: Problem[] } {
  const page = pages.find(({ path }) => path === pagePath);
  const promised = page === undefined ? [] : promisedSentences(page);
  if (promised.length === 0) {
    const message = 'expected a numbered list below a heading "Guarantees"';
    return { count: 0, problems: [{ path: pagePath, line: 1, message }] };
  }
  const tested = testFiles().flatMap(testedSentences);
  const difference = (from: Sentence[], to: Sentence[], message: string): Problem[] =>
    from
      .filter(({ text }) => !to.some((other) => other.text === text))
      .map(({ text, path, line }) => ({ path, line, message: `${message}: ${text}` }));
  const problems = [
    ...difference(promised, tested, 'no describe() in test/guarantees.test.ts has these words'),
    ...difference(tested, promised, `no guarantee of ${pagePath} has these words`),
  ];
  return { count: promised.length, problems };
}
