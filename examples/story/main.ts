/**
 * The story: an application emits events, three endpoints want them; one is healthy, one stumbles, one is down. The
 * receivers run in another process and check every request with code of their own. `npm start` tells it within seconds
 * and ends with exit code 0 only if everything that should have arrived did.
 */
import { EventEmitter } from 'node:events';
import { WebhookDispatcher } from 'posthorn';
import { DELIVERY_COUNT, EVENTS, RETRY, ROLES } from './plot.ts';
import { print, printNow, printTable, printTitle } from './print.ts';
import { ReceiverProcess } from './receiver-process.ts';
import { readRecord } from './record.ts';
import { tellAttempts, tellRecord, tellReports } from './tell.ts';
import { findProblems } from './verdict.ts';

/** If it is not over by then, something is missing, and the verdict says what. */
const TIME_LIMIT_MS = 10_000;

const receivers = new ReceiverProcess();
const dispatcher = new WebhookDispatcher({
  network: { allowPrivate: ['127.0.0.0/8'] }, // the receivers are on this machine
  retry: RETRY,
});

printTitle('Three endpoints, their receivers in another process');
const urls = await receivers.listen(ROLES.map(({ plan }) => plan));
const secrets: Record<string, string> = {};
for (const { endpoint } of ROLES) {
  const { id, secret } = await dispatcher.endpoints.create({ ...endpoint, url: urls[endpoint.id] ?? '' });
  secrets[id] = secret ?? '';
}
await receivers.giveSecrets(secrets);
printTable(ROLES.map(({ about, plan }) => [plan.name, urls[plan.name] ?? '', about]));

printTitle('The application emits, the dispatcher delivers');
tellAttempts(dispatcher);
const over = untilOver();
const application = new EventEmitter();
dispatcher.attach(application, { events: EVENTS.map(([type]) => type) });
for (const [type, data] of EVENTS) {
  printNow('application', type, JSON.stringify(data));
  application.emit(type, data);
}
const unheard = await over;

const record = await readRecord(dispatcher);
const reports = await receivers.report();
await dispatcher.stop();
await receivers.end();
tellRecord(record);
tellReports(reports);

const expectations = ROLES.map(({ expectation }) => expectation);
const problems = findProblems(expectations, reports, record);
if (unheard > 0) problems.push(`the dispatcher told nothing of the end of ${unheard} deliveries`);
if (problems.length === 0) {
  printTitle('Everything that should have arrived did; what could not is on record.');
} else {
  printTitle('Something went wrong:');
  for (const problem of problems) print(`  ${problem}`);
  process.exitCode = 1;
}

/** Resolves when the end of every delivery was told, or the time is up, with the number of those that were not. */
async function untilOver(): Promise<number> {
  let open = DELIVERY_COUNT;
  await new Promise<void>((resolve) => {
    const limit = setTimeout(resolve, TIME_LIMIT_MS);
    const onFinal = (): void => {
      open -= 1;
      if (open > 0) return;
      clearTimeout(limit);
      resolve();
    };
    dispatcher.on('delivery.succeeded', onFinal);
    dispatcher.on('delivery.exhausted', onFinal);
    dispatcher.on('delivery.discarded', onFinal);
    dispatcher.on('delivery.failed', onFinal);
  });
  return open;
}
