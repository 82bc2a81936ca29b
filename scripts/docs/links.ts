import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { type Page, type Problem, root } from './page.ts';

const inlineLink = /\]\(\s*<?([^()\s>]+(?:\([^()\s]*\)[^()\s>]*)*)>?(?:\s+"[^"]*")?\s*\)/g;
const referenceLink = /^\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s+"[^"]*")?\s*$/;
const withScheme = /^[a-z][a-z0-9+.-]*:/i;

const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly files: readonly string[];
};

/** Whether a file is in the tarball, where its links are read as well. */
function isPackaged(path: string): boolean {
  return files.some((entry) => path === entry || path.startsWith(`${entry}/`));
}

/** The anchors of a page, named as GitHub names them. */
export function anchorsOf(page: Page): Set<string> {
  const anchors = new Set<string>();
  for (const line of page.prose) {
    const heading = /^#{1,6}\s+(.+?)\s*#*$/.exec(line)?.[1];
    if (heading !== undefined) {
      const slug = slugify(heading);
      let unique = slug;
      for (let count = 1; anchors.has(unique); count++) unique = `${slug}-${count}`;
      anchors.add(unique);
    }
    for (const [, id] of line.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) if (id !== undefined) anchors.add(id);
  }
  return anchors;
}

function slugify(heading: string): string {
  return heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

function targetsOf(page: Page): { target: string; line: number }[] {
  return page.prose.flatMap((text, index) => {
    const prose = text.replace(/`[^`]*`/g, '');
    const reference = referenceLink.exec(prose)?.[1];
    const found = [...prose.matchAll(inlineLink)].map((match) => match[1] ?? '');
    return (reference === undefined ? found : [...found, reference]).map((target) => ({
      target,
      line: index + 1,
    }));
  });
}

/** Every relative link leads to a file of the repository, and from the package to one of the package; every `#anchor` to a heading of its page. */
export function checkLinks(pages: readonly Page[]): Problem[] {
  const anchors = new Map(pages.map((page) => [page.path, anchorsOf(page)]));
  return pages.flatMap((page) =>
    targetsOf(page).flatMap(({ target, line }) => {
      const message = whyBroken(page, target, anchors);
      return message === undefined ? [] : [{ path: page.path, line, message }];
    }),
  );
}

function whyBroken(
  page: Page,
  target: string,
  anchors: ReadonlyMap<string, Set<string>>,
): string | undefined {
  if (withScheme.test(target)) return undefined;
  if (target.startsWith('/')) return `the link ${target} is absolute; link relative to the page`;
  const [path = '', anchor] = decodeURI(target).split('#');
  const linked = path === '' ? page.path : posix.normalize(posix.join(dirname(page.path), path));
  if (linked.startsWith('..')) return `the link ${target} leaves the repository`;
  const absolute = join(root, linked);
  if (!existsSync(absolute)) return `the link ${target} leads to no file`;
  if (isPackaged(page.path) && !isPackaged(linked))
    return `the link ${target} leads to what is not packed: add it to "files" in package.json`;
  if (anchor === undefined || anchor === '') return undefined;
  if (statSync(absolute).isDirectory()) return `the link ${target} has an anchor in a folder`;
  const known = anchors.get(linked);
  if (known === undefined || known.has(anchor)) return undefined;
  return `the link ${target} leads to no heading of ${linked}`;
}
