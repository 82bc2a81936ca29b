/**
 * The story: an application emits events, three endpoints want them; one is healthy, one stumbles, one is down. In the
 * middle of it the application is killed, and started again. The receivers run in another process and check every request
 * with code of their own. `npm start` tells it within seconds and ends with exit code 0 only if everything that should
 * have arrived did.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationProcess, STORE_KEY } from './application-process.ts';
import { DELIVERY_COUNT, EVENTS, ROLES } from './plot.ts';
import { print, printNow, printTable, printTitle } from './print.ts';
import { ReceiverProcess } from './receiver-process.ts';
import { tellAttempt, tellCommands, tellRecord, tellReports } from './tell.ts';
import { findProblems } from './verdict.ts';

/** If it is not over by then, something is missing, and the verdict says what. */
const TIME_LIMIT_MS = 20_000;

const folder = mkdtempSync(join(tmpdir(), 'posthorn-story-'));
const receivers = new ReceiverProcess();

printTitle('Three endpoints, their receivers in another process');
const urls = await receivers.listen(ROLES.map(({ plan }) => plan));
printTable(ROLES.map(({ about, plan }) => [plan.name, urls[plan.name] ?? '', about]));

printTitle('The application emits, the dispatcher delivers');
const first = new ApplicationProcess(folder, tellAttempt);
await receivers.giveSecrets(await first.createEndpoints(urls));
for (const [type, data] of EVENTS) {
  printNow('application', type, JSON.stringify(data));
  await first.emit(type, data);
}
const limit = AbortSignal.timeout(TIME_LIMIT_MS);
// Each delivery has been attempted once; three of them wait to be tried again.
await first.hasTold(DELIVERY_COUNT - 1, limit);
await first.kill();
const open = DELIVERY_COUNT - first.finished;
printTitle(`The application was killed (SIGKILL), ${open} deliveries are not finished; it starts again`);

const second = new ApplicationProcess(folder, tellAttempt);
await second.start();
await second.hasFinished(open, limit);
const record = await second.readRecord();
await second.stop();
const reports = await receivers.report();
await receivers.end();
tellRecord(record);
tellReports(reports);

const expectations = ROLES.map(({ expectation }) => expectation);
const problems = findProblems(expectations, reports, record);
const unheard = open - second.finished;
if (open === 0) problems.push('nothing was left to do when the application was killed');
if (unheard > 0) problems.push(`the dispatcher told nothing of the end of ${unheard} deliveries`);
if (problems.length === 0) {
  printTitle('The kill lost nothing: everything that should have arrived did; what could not is on record.');
} else {
  printTitle('Something went wrong:');
  for (const problem of problems) print(`  ${problem}`);
  process.exitCode = 1;
}
tellCommands(folder, `story:${STORE_KEY}`, record);
