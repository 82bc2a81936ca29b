import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { DELIVERY_COUNT, EVENTS, ROLES } from '../../examples/story/plot.ts';
import type { ReceiverReport } from '../../examples/story/report.ts';
import { createCommandLine } from '../support/command-line.ts';
import { type Expectation, findProblems, type RecordedDelivery } from '../../examples/story/verdict.ts';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Starting processes from sources takes most of it; this is for what hangs. */
const RUN_LIMIT_MS = 120_000;

describe('the story', () => {
  it(
    'ends by itself with exit code 0 and tells what became of every delivery',
    { timeout: RUN_LIMIT_MS },
    async () => {
      // Rejects unless the exit code is 0.
      const { stdout, stderr } = await execute(
        process.execPath,
        ['--import', 'tsx', 'examples/story/main.ts'],
        {
          cwd: root,
          timeout: RUN_LIMIT_MS,
        },
      );

      expect(stderr).toBe('');
      const lines = stdout.split('\n').map((line) => line.trim().replace(/ {2,}/g, ' | '));
      expect(lines).toContain('billing | job.completed | succeeded | HTTP 503, HTTP 503, HTTP 204');
      expect(lines).toContain('billing | job.failed | succeeded | HTTP 204');
      for (const type of ['job.completed', 'job.failed']) {
        const refused = 'connection_refused, connection_refused, connection_refused';
        expect(lines).toContain(`archive | ${type} | exhausted | ${refused}`);
      }
      for (const [type] of EVENTS) expect(lines).toContain(`dashboard | ${type} | succeeded | HTTP 204`);
      const types = 'job.completed, job.failed';
      expect(lines).toContain(`dashboard | 4 | 4 | 4 | ${types}, job.progress, job.started`);
      expect(lines).toContain(`billing | 4 | 4 | 2 | ${types}`);
      expect(lines).toContain('archive | 0 | 0 | 0');
      expect(lines.filter((line) => /attempt \d: .*(delivered|given up)$/.test(line))).toHaveLength(
        DELIVERY_COUNT,
      );
      expect(lines).toContainEqual(
        expect.stringMatching(/^The application was killed \(SIGKILL\), [3-8] deliveries/),
      );
      expect(lines).toContain(
        'The kill lost nothing: everything that should have arrived did; what could not is on record.',
      );

      const commands = lines.filter((line) => line.startsWith('npx posthorn '));
      expect(commands.map((line) => line.split(' ')[2])).toEqual([
        'list',
        'deliveries',
        'attempts',
        'doctor',
      ]);
      const exported = lines.find((line) => line.startsWith('export '))!;
      const [, name, keys] = /^export (\w+)=(.+)$/.exec(exported)!;
      const cli = await createCommandLine([], { [name!]: keys! });
      const [list, deliveries, attempts, doctor] = await Promise.all(
        commands.map((line) => cli.run(...line.split(' ').slice(2))),
      );
      for (const { plan } of ROLES) expect(list!.stdout).toContain(plan.name);
      expect(deliveries!.stdout.match(/archive +exhausted/g)).toHaveLength(2);
      expect(attempts!.stdout.match(/^\d .*connection_refused/gm)).toHaveLength(3);
      for (const { code } of [list!, deliveries!, attempts!]) expect(code).toBe(0);
      expect(doctor!.stdout).toMatch(/\n! endpoint archive: failed \d times in a row\n/);
      rmSync(commands[0]!.split(' --store ')[1]!, { recursive: true });
    },
  );
});

/** A small world that went well: one receiver that got all, one endpoint whose message was given up. */
function setup(): {
  expectations: Expectation[];
  reports: ReceiverReport[];
  record: RecordedDelivery[];
} {
  return {
    expectations: [
      { name: 'shop', arrives: ['a.one', 'a.two'], givenUp: [], requests: 3, attempts: 2 },
      { name: 'dead', arrives: [], givenUp: ['a.one'], requests: 0, attempts: 2 },
    ],
    reports: [
      {
        name: 'shop',
        requests: 3,
        verified: 3,
        accepted: [
          { id: 'msg_1', type: 'a.one' },
          { id: 'msg_2', type: 'a.two' },
        ],
        refusals: [],
      },
      { name: 'dead', requests: 0, verified: 0, accepted: [], refusals: [] },
    ],
    record: [
      {
        id: 'dlv_1',
        endpoint: 'shop',
        type: 'a.one',
        state: 'succeeded',
        attempts: ['HTTP 503', 'HTTP 204'],
      },
      { id: 'dlv_2', endpoint: 'shop', type: 'a.two', state: 'succeeded', attempts: ['HTTP 204'] },
      {
        id: 'dlv_3',
        endpoint: 'dead',
        type: 'a.one',
        state: 'exhausted',
        attempts: ['connection_refused', 'connection_refused'],
      },
    ],
  };
}

type World = ReturnType<typeof setup>;

function changeReport(change: Partial<ReceiverReport>): (world: World) => World {
  return (world) => ({
    ...world,
    reports: world.reports.map((report) => (report.name === 'shop' ? { ...report, ...change } : report)),
  });
}

function changeRecord(index: number, change: Partial<RecordedDelivery>): (world: World) => World {
  return (world) => ({ ...world, record: world.record.with(index, { ...world.record[index]!, ...change }) });
}

describe('findProblems', () => {
  it('finds none when everything arrived', () => {
    const { expectations, reports, record } = setup();
    expect(findProblems(expectations, reports, record)).toEqual([]);
  });

  const one = { id: 'msg_1', type: 'a.one' };
  it.each<[string, (world: World) => World, string]>([
    ['a message is missing', changeReport({ accepted: [one] }), 'shop did not accept: a.two'],
    [
      'a message was accepted twice',
      changeReport({ accepted: [one, one, { id: 'msg_2', type: 'a.two' }] }),
      'shop accepted a message twice',
    ],
    [
      'a message came that nobody asked for',
      changeReport({ accepted: [one, { id: 'msg_2', type: 'a.two' }, { id: 'msg_3', type: 'b.one' }] }),
      'shop should not accept: b.one',
    ],
    ['a request is missing', changeReport({ requests: 2 }), 'shop saw 2 requests, expected 3'],
    ['a signature did not hold', changeReport({ verified: 2 }), 'shop could verify 2 of 3 requests'],
    [
      'a request was refused',
      changeReport({ refusals: ['request 3: it is not signed'] }),
      'shop refused request 3: it is not signed',
    ],
    [
      'a receiver says nothing',
      (world) => ({ ...world, reports: world.reports.filter(({ name }) => name !== 'shop') }),
      'shop did not report',
    ],
    [
      'the record says less than the receiver',
      changeRecord(1, { state: 'scheduled' }),
      'shop did not have as succeeded on record: a.two',
    ],
    [
      'a delivery that cannot arrive is not on record',
      (world) => ({ ...world, record: world.record.slice(0, 2) }),
      'dead did not have as exhausted on record: a.one',
    ],
    [
      'a delivery was given up too early',
      changeRecord(2, { attempts: ['connection_refused'] }),
      'dead was given up after 1 attempts, expected 2',
    ],
  ])('finds that %s', (_what, change, problem) => {
    const { expectations, reports, record } = change(setup());
    expect(findProblems(expectations, reports, record)).toContain(problem);
  });

  it('does not let a story pass in which nothing happened', () => {
    const expectations = ROLES.map(({ expectation }) => expectation);
    const reports = ROLES.map(({ plan }): ReceiverReport => ({
      name: plan.name,
      requests: 0,
      verified: 0,
      accepted: [],
      refusals: [],
    }));
    expect(findProblems(expectations, reports, []).length).toBeGreaterThanOrEqual(DELIVERY_COUNT);
  });
});
