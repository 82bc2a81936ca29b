/** Commands in the guides: they exist, and have the options that they are given. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeProgram } from '../../src/cli/describe-program.ts';
import { createProgram } from '../../src/cli/program.ts';
import { silentTerminal } from '../../src/cli/silent-terminal.ts';

const guides = new URL('../../docs/guides/', import.meta.url);
const program = createProgram(silentTerminal);
const commands = new Map(describeProgram(program).map(({ name, options }) => [name, options]));

/** The words of a command line, as a shell gives them to the program. */
function wordsOf(line: string): readonly string[] {
  const [before] = line.split(' | ');
  return execFileSync('sh', ['-c', `printf '%s\\n' ${before}`], { encoding: 'utf8' })
    .trimEnd()
    .split('\n');
}

const lines = readdirSync(guides).flatMap((file) =>
  [...readFileSync(new URL(file, guides), 'utf8').matchAll(/^(?:[A-Z_]+=\S+ )?npx posthorn (.*)$/gm)].map(
    ([, line = '']) => [file, line] as const,
  ),
);

describe('the commands of the guides', () => {
  it('are there', () => {
    const listening = lines.filter(([file]) => file === 'local-development.md');
    expect(new Set(listening.map(([, line]) => line.split(' ')[0]))).toEqual(
      new Set(['listen', 'add', 'verify', 'sign']),
    );
  });

  it.each(lines)('%s: posthorn %s', (_file, line) => {
    const [name, ...words] = wordsOf(line);
    const options = commands.get(name!);
    expect(options, name).toBeDefined();
    for (const word of words.filter((text) => text.startsWith('--'))) expect(options).toContain(word);
  });
});
