/** What was measured last, case by case: docs/reference/performance.md is made of it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { CaseResult, Skipped } from '../harness/bench-case.ts';

/** A case that was measured. */
export interface CaseRecord {
  readonly machine: string;
  readonly node: string;
  /** When the code was committed that was measured. */
  readonly commitDate: string;
  readonly results: readonly CaseResult[];
  readonly skipped: readonly Skipped[];
}

/** By name of the case. */
export type PerformanceRecord = Readonly<Record<string, CaseRecord>>;

const FILE = new URL('results.json', import.meta.url);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export function readRecord(): PerformanceRecord {
  if (!existsSync(FILE)) return {};
  return JSON.parse(readFileSync(FILE, 'utf8')) as PerformanceRecord;
}

/** Replaces what was measured of a case; the others stay. */
export function recordCase(name: string, results: readonly CaseResult[], skipped: readonly Skipped[]): void {
  const record: CaseRecord = {
    machine: describeMachine(),
    node: process.versions.node,
    commitDate: execFileSync('git', ['log', '-1', '--format=%cs'], { cwd: ROOT, encoding: 'utf8' }).trim(),
    results,
    skipped,
  };
  writeFileSync(FILE, `${JSON.stringify({ ...readRecord(), [name]: record }, undefined, 2)}\n`);
}

function describeMachine(): string {
  const cores = cpus();
  const model = cores[0]?.model.trim() ?? process.arch;
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cores.length} cores of ${model}, ${gigabytes} GiB, ${process.platform} ${release()}`;
}
