/**
 * The story: an application emits events, three endpoints want them, one of them is healthy, one stumbles, one is down.
 * The receivers run in another process and check every request with code of their own. `npm start` tells it in about
 * two seconds and ends with exit code 0 only if everything that should have arrived did.
 */
import { EventEmitter } from 'node:events';
import { WebhookDispatcher } from 'posthorn';
import { DELIVERY_COUNT, EVENTS, RETRY, ROLES } from './plot.ts';
import { print, printNow, printTable, printTitle } from './print.ts';
import { ReceiverProcess } from './receiver-process.ts';
import { readRecord } from './record.ts';
import type { ReceiverReport } from './report.ts';
import { findProblems, type RecordedDelivery } from './verdict.ts';

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
const over = untilOver();
tellWhatHappens();
const application = new EventEmitter();
dispatcher.attach(application, { events: EVENTS.map(([type]) => type) });
for (const [type, data] of EVENTS) {
  printNow('application', type, JSON.stringify(data));
  application.emit(type, data);
}
await over;

const deliveries = await readRecord(dispatcher);
const reports = await receivers.report();
printRecord(deliveries);
printReports(reports);
await dispatcher.stop();
await receivers.end();

const problems = findProblems(
  ROLES.map(({ expectation }) => expectation),
  reports,
  deliveries,
);
printTitle(
  problems.length === 0
    ? 'Everything that should have arrived did; what could not is on record.'
    : 'The story went wrong:',
);
for (const problem of problems) print(`  ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** Resolves when every delivery has reached a final state, or the time is up. */
async function untilOver(): Promise<void> {
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
}

function tellWhatHappens(): void {
  dispatcher.on('delivery.succeeded', ({ endpoint, message, attempt, status }) =>
    printNow(endpoint.id, message.type, `attempt ${attempt}: HTTP ${status}, delivered`),
  );
  dispatcher.on('delivery.retrying', ({ endpoint, message, attempt, detail, delayMs }) =>
    printNow(endpoint.id, message.type, `attempt ${attempt}: ${detail}, again in ${delayMs} ms`),
  );
  dispatcher.on('delivery.exhausted', ({ endpoint, message, attempt, detail }) =>
    printNow(endpoint.id, message.type, `attempt ${attempt}: ${detail}, given up`),
  );
  dispatcher.on('error', ({ error }) => printNow('error', error.code, error.message));
}

function printRecord(record: readonly RecordedDelivery[]): void {
  printTitle('Deliveries and their attempts, as the dispatcher recorded them');
  for (const { plan } of ROLES) {
    const rows = record.filter(({ endpoint }) => endpoint === plan.name);
    printTable(
      rows.map(({ endpoint, type, state, attempts }) => [endpoint, type, state, attempts.join(', ')]),
    );
  }
}

function printReports(received: readonly ReceiverReport[]): void {
  printTitle('What the receivers counted');
  printTable([
    ['receiver', 'requests', 'verified', 'accepted', 'event types'],
    ...received.map(({ name, requests, verified, accepted }) => [
      name,
      String(requests),
      String(verified),
      String(accepted.length),
      accepted.map(({ type }) => type).join(', '),
    ]),
  ]);
}
