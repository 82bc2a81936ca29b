/** Tells a person what the dispatcher and the receivers know. */
import type { Told } from './orders.ts';
import { ROLES } from './plot.ts';
import { print, printNow, printTable, printTitle } from './print.ts';
import type { ReceiverReport } from './report.ts';
import type { RecordedDelivery } from './verdict.ts';

/** Prints an attempt whose outcome is known. */
export function tellAttempt({ endpoint, type, what }: Told): void {
  printNow(endpoint, type, what);
}

export function tellRecord(record: readonly RecordedDelivery[]): void {
  printTitle('Deliveries and their attempts, as the dispatcher recorded them');
  const ordered = ROLES.flatMap(({ plan }) => record.filter(({ endpoint }) => endpoint === plan.name));
  printTable(
    ordered.map(({ endpoint, type, state, attempts }) => [endpoint, type, state, attempts.join(', ')]),
  );
}

export function tellReports(reports: readonly ReceiverReport[]): void {
  printTitle('Requests, as the receivers counted them');
  const rows = reports.map(({ name, requests, verified, accepted }) => {
    const types = accepted.map(({ type }) => type).sort();
    return [name, String(requests), String(verified), String(accepted.length), types.join(', ')];
  });
  printTable([['receiver', 'requests', 'signature verified', 'accepted', 'event types'], ...rows]);
}

/** How to look at the store that the story leaves behind. */
export function tellCommands(folder: string, key: string, record: readonly RecordedDelivery[]): void {
  const givenUp = record.find(({ state }) => state === 'exhausted');
  const commands = [
    'list',
    'deliveries --state exhausted',
    ...(givenUp === undefined ? [] : [`attempts ${givenUp.id}`]),
    'doctor',
  ];
  printTitle('Its store is still there. Look further:');
  print(`  export POSTHORN_ENCRYPTION_KEYS=${key}`);
  for (const command of commands) print(`  npx posthorn ${command} --store ${folder}`);
}
