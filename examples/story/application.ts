/** The application: a process of its own with a dispatcher in it, as yours would be. Started, ordered and killed by main.ts. */
import { WebhookDispatcher } from 'posthorn';
import { fileStore } from 'posthorn/file';
import type { Order, Reply, Told } from './orders.ts';
import { RETRY, ROLES } from './plot.ts';
import { readRecord } from './record.ts';

const dispatcher = new WebhookDispatcher({
  store: fileStore(process.argv[2] ?? './webhooks', {
    encryption: { current: 'story', keys: { story: process.env['STORE_KEY'] ?? '' } },
  }),
  network: { allowPrivate: ['127.0.0.0/8'] }, // the receivers are on this machine
  retry: RETRY,
});

const tell = (told: Told): void => void process.send?.(told);

dispatcher.on('delivery.succeeded', ({ endpoint, message, attempt, status }) =>
  tell({
    kind: 'told',
    ...who(endpoint, message),
    what: `attempt ${attempt}: HTTP ${status}, delivered`,
    isFinal: true,
  }),
);
dispatcher.on('delivery.retrying', ({ endpoint, message, attempt, detail, delayMs }) =>
  tell({
    kind: 'told',
    ...who(endpoint, message),
    what: `attempt ${attempt}: ${detail}, again in ${delayMs} ms`,
    isFinal: false,
  }),
);
dispatcher.on('delivery.exhausted', ({ endpoint, message, attempt, detail }) =>
  tell({
    kind: 'told',
    ...who(endpoint, message),
    what: `attempt ${attempt}: ${detail}, given up`,
    isFinal: true,
  }),
);
dispatcher.on('error', ({ error }) =>
  tell({ kind: 'told', endpoint: 'error', type: error.code, what: error.message, isFinal: false }),
);

function who(endpoint: { id: string }, message: { type: string }): { endpoint: string; type: string } {
  return { endpoint: endpoint.id, type: message.type };
}

async function obey(order: Order): Promise<Reply> {
  switch (order.kind) {
    case 'create': {
      const secrets: Record<string, string> = {};
      for (const { endpoint } of ROLES) {
        const url = order.urls[endpoint.id] ?? '';
        const { id, secret } = await dispatcher.endpoints.create({ ...endpoint, url });
        secrets[id] = secret ?? '';
      }
      return { kind: 'create', secrets };
    }
    case 'emit':
      await dispatcher.emit(order.type, order.data);
      return { kind: 'emit' };
    case 'start':
      await dispatcher.start();
      return { kind: 'start' };
    case 'record':
      return { kind: 'record', record: await readRecord(dispatcher) };
    case 'stop':
      await dispatcher.stop();
      return { kind: 'stop' };
  }
}

process.on('message', (order: Order) => {
  void obey(order).then((reply) => process.send?.(reply));
});
