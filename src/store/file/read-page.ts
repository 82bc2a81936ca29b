import { toAttempt } from '../tables/attempt-rows.ts';
import { toDelivery } from '../tables/delivery-rows.ts';
import { listRows } from '../tables/listing.ts';
import { toStoredMessage } from '../tables/message-rows.ts';
import type { AttemptRow, DeliveryRow, MessageRow } from '../tables/rows.ts';
import type { Listable, ListParams, Page, StoredMessage } from '../store.ts';
import type { OpenFolder } from './folder-state.ts';

/** What stands for data that cannot be read. */
const UNREADABLE_JSON = 'null';
const UNREADABLE = 'It cannot be read: the journal of the file store is damaged.';

type Reader<Row, Item> = (open: OpenFolder, rows: readonly Row[]) => Promise<readonly Item[]>;

const readMessages: Reader<MessageRow, StoredMessage> = async ({ texts }, rows) => {
  const reading = texts.messages(rows);
  // As they are now, not as they are when their text has come.
  const states = rows.map(({ createdAt, fannedOut }) => ({ createdAt, fannedOut }));
  const messages = await reading;
  return rows.map((row, index) => {
    const message = messages[index] ?? { ...row.message, dataJson: UNREADABLE_JSON };
    return { ...toStoredMessage(row, message), ...states[index] };
  });
};

const readDeliveries: Reader<DeliveryRow, Listable['deliveries']> = (_open, rows) =>
  Promise.resolve(rows.map(toDelivery));

const readAttempts: Reader<AttemptRow, Listable['attempts']> = async ({ texts }, rows) => {
  const attempts = await texts.attempts(rows);
  return rows.map((row, index) => {
    const attempt = attempts[index] ?? { ...row.attempt, response: undefined, detail: UNREADABLE };
    return toAttempt(row, attempt);
  });
};

const READERS: { readonly [K in keyof Listable]: Reader<never, Listable[K]> } = {
  messages: readMessages,
  deliveries: readDeliveries,
  attempts: readAttempts,
};

/** A page; its text is being read when this returns. */
export async function readPage<K extends keyof Listable>(
  open: OpenFolder,
  params: ListParams<K>,
): Promise<Page<Listable[K]>> {
  const { items, nextCursor } = listRows(open.rows.tables, params);
  const read = READERS[params.of] as Reader<(typeof items)[number], Listable[K]>;
  return { items: await read(open, items), nextCursor };
}

/** A message; its text is being read when this returns. */
export async function readStoredMessage(open: OpenFolder, id: string): Promise<StoredMessage | undefined> {
  const row = open.rows.tables.messages.get(id);
  return row === undefined ? undefined : (await readMessages(open, [row]))[0];
}
