/**
 * The story: a job queue of three API instances on one PostgreSQL. Webhooks are registered at any of them, jobs run at all of them, one is killed
 * in the middle of it, one system is down at first. It ends with exit code 0 only if everybody got what they asked for.
 */
import { print, printTable, printTitle } from './print.ts';
import { Stage } from './stage.ts';
import { SUBSCRIPTIONS } from './subscriptions.ts';
import { findProblems } from './verdict.ts';

const stage = await Stage.open();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void stage.close().finally(() => process.exit(1)));
const audit = stage.system('audit');
const pager = stage.system('pager');
/** Events whose requests waited for an answer when their sender was killed. */
let inFlight: ReadonlySet<string> = new Set();

async function registerWebhooks(): Promise<void> {
  printTitle('Three API instances on one PostgreSQL; webhooks, registered at one after the other');
  await stage.startInstances('prod-cluster-1', 'prod-cluster-2', 'dev-cluster-1');
  await stage.register();
  await stage.watch('prod-cluster-1');
  printTable(SUBSCRIPTIONS.map(({ name, about }) => [name, about]));
  const path = `/api/webhooks/${stage.webhookId('audit')}/test`;
  const { delivered } = await stage.call<{ delivered: boolean }>('dev-cluster-1', 'POST', path);
  print(`  a test of audit, delivered: ${delivered}`);
  print(`  ${JSON.stringify(audit.accepted[0])}`);
}

async function runJobs(): Promise<void> {
  printTitle('Jobs, at all instances; pager is down');
  pager.mood = 'down';
  await stage.submit('prod-cluster-1', { job_type: 'comfyui', job_priority: 1 });
  await stage.submit('prod-cluster-2', { job_type: 'comfyui', job_priority: 9 });
  await stage.submit('dev-cluster-1', { job_type: 'workflow-step', job_priority: 2 });
  await stage.submit('prod-cluster-1', { job_type: 'broken' });
  await stage.submit('prod-cluster-2', { job_type: 'endless', time_limit_ms: 200 });
  const endless = await stage.submit('dev-cluster-1', { job_type: 'endless' });
  await stage.call('dev-cluster-1', 'DELETE', `/api/jobs/${endless}`);
  const ends = ['job.completed', 'job.failed', 'job.timeout', 'job.cancelled'];
  await stage.until(() => stage.count(...ends) === 6, 'all jobs have ended');
  await stage.until(() => stage.hasArrived('audit'), 'audit has everything');
}

async function killAnInstance(): Promise<void> {
  printTitle('Five more at prod-cluster-2, which is killed (SIGKILL) while audit takes its time to answer');
  audit.mood = 'slow';
  const before = stage.count('job.completed');
  for (let n = 0; n < 5; n += 1) await stage.submit('prod-cluster-2', { job_type: 'workflow-step' });
  await stage.until(() => stage.count('job.completed') === before + 5, 'the jobs are done');
  await stage.until(() => stage.hasArrived('workflow'), 'workflow has them');
  await stage.until(async () => {
    const { inFlight: sending, pendingOutcomes } = await stage.health('prod-cluster-2');
    return sending > 0 && pendingOutcomes === 0;
  }, 'it waits for nothing but answers of audit');
  inFlight = new Set(audit.held.map(({ event_id }) => event_id));
  await stage.instance('prod-cluster-2').kill();
  audit.release();
  await stage.until(() => stage.hasArrived('audit'), 'the others have sent what it could not');
  print(`  ${inFlight.size} requests waited for an answer; audit has all of them, and everything else`);
  await stage.startInstances('prod-cluster-2');
  await stage.until(() => stage.count('worker.connected') === 1, 'the others have heard of it');
  await stage.until(() => stage.hasArrived('dashboard'), 'dashboard knows that it is back');
}

async function sendDeadLettersAgain(): Promise<void> {
  printTitle('pager was down: its dead letters are on record, and are sent again when it is well');
  type DeadLetters = readonly {
    readonly id: string;
    readonly event_type: string;
    readonly attempts: number;
  }[];
  const webhook_id = stage.webhookId('pager');
  const path = `/api/webhooks/deliveries?state=exhausted&webhook_id=${webhook_id}`;
  const list = (): Promise<DeadLetters> => stage.call<DeadLetters>('dev-cluster-1', 'GET', path);
  await stage.until(async () => (await list()).length === 2, 'its webhooks are given up');
  for (const { id, event_type, attempts } of await list())
    print(`  ${event_type.padEnd(12)} ${attempts} attempts  ${id}`);
  pager.release();
  await stage.call('prod-cluster-2', 'POST', '/api/webhooks/queue/retry-failed', { webhook_id });
  await stage.until(() => stage.hasArrived('pager'), 'pager has them');
}

async function shutDown(): Promise<void> {
  printTitle('dev-cluster-1 is shut down (SIGTERM)');
  await stage.instance('dev-cluster-1').stop();
  await stage.until(() => stage.count('machine.shutdown') === 1, 'the others have heard of it');
  for (const { name } of SUBSCRIPTIONS)
    await stage.until(() => stage.hasArrived(name), `${name} has everything`);
}

async function tellNumbers(): Promise<void> {
  printTitle('Statistics, as every instance tells them');
  const rows: unknown[][] = [];
  for (const { name } of SUBSCRIPTIONS) {
    const path = `/api/webhooks/${stage.webhookId(name)}/stats`;
    const stats = await stage.call<Record<string, number>>('prod-cluster-2', 'GET', path);
    if (rows.length === 0) rows.push(['', ...Object.keys(stats)]);
    rows.push([name, ...Object.values(stats)]);
  }
  printTable(rows);
  printTitle('Success and latency for Prometheus, of prod-cluster-1');
  const metrics = await stage.instance('prod-cluster-1').read('/metrics');
  const shown = /^posthorn_(deliveries_total|attempt_duration_seconds_(sum|count)).*job\.completed.*$/gm;
  for (const line of metrics.match(shown) ?? []) print(`  ${line}`);
}

try {
  await registerWebhooks();
  await runJobs();
  await killAnInstance();
  await sendDeadLettersAgain();
  await shutDown();
  await tellNumbers();
  const { heard, systems } = stage;
  const problems = findProblems({ heard, systems, inFlight });
  if (problems.length === 0) {
    printTitle(`Everybody got what they asked for of ${heard.length} events; the kill lost nothing.`);
  } else {
    printTitle('Something went wrong:');
    for (const problem of problems) print(`  ${problem}`);
    process.exitCode = 1;
  }
} finally {
  await stage.close();
}
