import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Evidence, findProblems } from '../../examples/emp-job-queue/verdict.ts';
import { WEBHOOK_EVENT_TYPES } from '../../examples/emp-job-queue/webhooks.ts';
import { postgresUrl } from '../support/ask-setup.ts';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Starting five processes from sources takes most of it. */
const RUN_LIMIT_MS = 90_000;

describe('the job queue', () => {
  it('tells its story to the end, with exit code 0', { timeout: RUN_LIMIT_MS }, async () => {
    const { stdout, stderr } = await execute(
      process.execPath,
      ['--import', 'tsx', 'examples/emp-job-queue/main.ts'],
      { cwd: root, timeout: RUN_LIMIT_MS, env: { ...process.env, DATABASE_URL: await postgresUrl() } },
    );
    expect(stderr).toBe('');
    const lines = stdout.split('\n').map((line) => line.trim().replace(/ {2,}/g, ' | '));
    expect(lines).toContain('a test of audit, delivered: true');
    expect(lines.filter((line) => line.includes('INFO: Webhook registered: wh_'))).toHaveLength(5);
    expect(lines).toContainEqual(
      expect.stringMatching(/^\d+ requests waited for an answer; audit has all of them/),
    );
    for (const type of ['job.failed', 'job.timeout'])
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^${type}\\b.* 3 attempts \\| dlv_`)));
    expect(lines).toContain('billing | 2 | 2 | 0 | 0 | 0');
    expect(lines).toContain('workflow | 6 | 6 | 0 | 0 | 0');
    expect(lines).toContain('pager | 4 | 2 | 2 | 0 | 0');
    expect(lines).toContainEqual(
      expect.stringMatching(/^posthorn_deliveries_total\{state="succeeded".*\} \d+$/),
    );
    expect(lines).toContain('Everybody got what they asked for of 76 events; the kill lost nothing.');
  });
});

describe('the verdict on the job queue', () => {
  const heard = WEBHOOK_EVENT_TYPES.map((type, n) => ({
    type,
    event_id: `evt_${n}`,
    job_type: 'workflow-step',
  }));
  const payloadOf = (type: string): { event_type: string; event_id: string; data: object } => {
    const { event_id } = heard.find((event) => event.type === type)!;
    return { event_type: type, event_id, data: {} };
  };
  type Accepted = Record<string, readonly string[]>;
  const evidence = (changes: Accepted, inFlight: readonly string[] = []): Evidence => {
    const all: Accepted = {
      billing: [],
      workflow: ['job.completed'],
      dashboard: [],
      pager: ['job.failed', 'job.timeout'],
      audit: WEBHOOK_EVENT_TYPES,
      ...changes,
    };
    const systems = new Map(
      Object.entries(all).map(([name, types]) => [
        name,
        { accepted: types.map(payloadOf) as never, refusals: [] },
      ]),
    );
    return { heard, systems, inFlight: new Set(inFlight) };
  };
  const judge = (...given: Parameters<typeof evidence>): string[] => findProblems(evidence(...given));

  it('has nothing to say when everybody got what they asked for', () => {
    expect(judge({})).toEqual([]);
  });

  it.each([
    [{ workflow: [] }, 'workflow did not get job.completed evt_3'],
    [{ billing: ['job.failed'] }, 'billing got job.failed, for which it did not ask'],
    [{ pager: ['job.failed', 'job.timeout', 'job.timeout'] }, 'pager got job.timeout evt_6 2 times'],
  ])('finds what went wrong: %j', (changes, problem) => {
    expect(judge(changes)).toEqual([problem]);
  });

  it('lets pass what was on its way when its sender was killed, and nothing without events', () => {
    expect(judge({ pager: ['job.failed', 'job.timeout', 'job.timeout'] }, ['evt_6'])).toEqual([]);
    expect(findProblems({ ...evidence({}), heard: [] }).length).toBeGreaterThan(0);
  });
});
