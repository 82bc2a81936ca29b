/**
 * A day of the dashboard: its configuration is edited by hand, its command line used, receivers stumble, its backend is killed. Ends with
 * exit code 0 only if everybody got everything they should have.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dashboard } from './story/dashboard.ts';
import { GLASSES, PHOTO } from './story/images.ts';
import { print, printTitle } from './story/print.ts';
import { Receiver } from './story/receiver.ts';
import { until } from './story/until.ts';
import { findProblems } from './story/verdict.ts';

const folder = mkdtempSync(join(tmpdir(), 'glasses-dashboard-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const dashboard = new Dashboard(folder);
const shop = new Receiver('My App', 'first-secret');
const backup = new Receiver('Backup App');
const receivers = [shop, backup];

/** A user looks for glasses; resolves when so many matches have been accepted by each receiver. */
async function match(byShop: number, byBackup: number): Promise<void> {
  print(`match: ${JSON.stringify(await dashboard.post('/api/match', { images: [PHOTO] })).slice(0, 72)}…`);
  await arrived(byShop, byBackup);
}

async function arrived(byShop: number, byBackup: number): Promise<void> {
  const isSo = (): boolean => shop.idsOf('match').size === byShop && backup.idsOf('match').size === byBackup;
  await until(isSo, `My App has ${byShop} matches, and Backup App ${byBackup}`);
  print(`My App has ${byShop} matches, Backup App ${byBackup}`);
}

try {
  for (const receiver of receivers) await receiver.listen();

  printTitle('Somebody writes webhook_config.json by hand, and the backend starts');
  dashboard.save({
    enabled: true,
    endpoints: [
      {
        id: '1701234567890',
        name: 'My App',
        url: shop.url,
        headers: { 'X-Webhook-Secret': 'first-secret' },
        events: ['match'],
        enabled: true,
      },
    ],
  });
  await dashboard.start();

  printTitle('Another webhook is added from the shell, and tested');
  await dashboard.manage('add', backup.url, 'Backup App', 'match,upload');
  await dashboard.manage('test', backup.url);

  printTitle('Models are uploaded, and a user looks for glasses');
  for (const model of GLASSES) await dashboard.post('/api/models', model);
  await match(1, 1);

  printTitle('The file is edited while the backend runs: My App has a new secret');
  shop.secret = 'second-secret';
  await dashboard.edit(({ endpoints }) => {
    endpoints.find(({ name }) => name === 'My App')!.headers = { 'X-Webhook-Secret': 'second-secret' };
  });
  await match(2, 2);

  printTitle('Backup App fails once. It is sent once, and on record');
  backup.failures = 1;
  await match(3, 2);
  await dashboard.manage('deliveries', '--state', 'exhausted');

  printTitle('Edited again: Backup App is to get what fails once more, after a second');
  await dashboard.edit(({ endpoints }) => {
    endpoints.find(({ name }) => name === 'Backup App')!.retry = 'short';
  });
  backup.failures = 1;
  await match(4, 3);

  printTitle('Everything is switched off for a while');
  await dashboard.manage('disable');
  await match(4, 3);
  await dashboard.manage('list');
  await dashboard.manage('enable');

  printTitle('What failed and what was missed is sent after all');
  await dashboard.manage('replay', '--state', 'exhausted,discarded', '--yes');
  await arrived(5, 5);

  printTitle('The backend is killed (SIGKILL) in the middle of a delivery, and starts again');
  backup.isHolding = true;
  await dashboard.post('/api/match', { images: [PHOTO] });
  await until(() => backup.held > 0, 'Backup App has a request that it does not answer');
  await dashboard.kill();
  backup.isHolding = false;
  await dashboard.start();
  await arrived(6, 6);

  printTitle('What the command line says of it all');
  const listed = await dashboard.manage('list');
  await dashboard.manage('stats');

  const problems = findProblems({ shop, backup, listed, config: dashboard.config() });
  if (problems.length === 0) {
    printTitle('Everybody got everything, and the kill lost nothing.');
  } else {
    printTitle('Something went wrong:');
    for (const problem of problems) print(problem);
    process.exitCode = 1;
  }
} finally {
  await dashboard.stop();
  for (const receiver of receivers) receiver.close();
}
