import { defineCommand } from '../command.ts';
import { diagnose, type Finding } from '../diagnose.ts';
import { EXIT_CODE, type ExitCode } from '../exit-code.ts';
import type { Output } from '../output/output.ts';
import { printableLine } from '../output/printable.ts';

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Look for what keeps messages from being delivered',
  description: 'Exit code 1 when it found a problem.',
  examples: ['doctor', 'doctor --store postgres://app@localhost:5432/app --json'],
  run: (cli) =>
    cli.use(async (session): Promise<ExitCode> => {
      const findings = await diagnose(session);
      cli.output.answer({ findings }, () => findings.map((found) => describe(found, cli.output)).join('\n'));
      return findings.some(({ level }) => level === 'problem') ? EXIT_CODE.answerIsNo : EXIT_CODE.done;
    }),
});

const MARKS = { ok: '✓', notice: '!', problem: '✗' } as const;
const TONES = { ok: 'good', notice: 'strong', problem: 'bad' } as const;

function describe({ level, about, message }: Finding, output: Output): string {
  return `${output.tone(TONES[level], MARKS[level])} ${about}: ${printableLine(message)}`;
}
