/** Tells a person what the dispatcher and the receivers know. */
import type { WebhookDispatcher } from 'posthorn';
import { ROLES } from './plot.ts';
import { printNow, printTable, printTitle } from './print.ts';
import type { ReceiverReport } from './report.ts';
import type { RecordedDelivery } from './verdict.ts';

/** Prints each attempt when its outcome is known. */
export function tellAttempts(dispatcher: WebhookDispatcher): void {
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
