import type { Delivery } from '../../../core/delivery.ts';
import type { StoredMessage } from '../../store.ts';
import type { TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import { DELIVERY_COLUMNS, type DeliveryRow, toDelivery } from '../rows/delivery-row.ts';
import { MESSAGE_COLUMNS, type MessageRow, toStoredMessage } from '../rows/message-row.ts';

const selectMessage: TemplateText = ({ names }) =>
  `select ${MESSAGE_COLUMNS} from ${names.messages} m where m.id = :id`;

const selectDelivery: TemplateText = ({ names, dialect }) =>
  `select ${DELIVERY_COLUMNS}, m.id as message_id from ${names.deliveries} d join ${names.messages} m on ${dialect.is('m.seq', 'd.message_seq')}
   where d.id = :id`;

/** Reads a message. */
export const getMessage: Operation<{ readonly id: string }, StoredMessage | undefined> = {
  isTransaction: false,
  *script(db, { id }) {
    const [row] = yield* db.query<MessageRow>(selectMessage, { id });
    return row === undefined ? undefined : toStoredMessage(row);
  },
};

/** Reads a delivery. */
export const getDelivery: Operation<{ readonly id: string }, Delivery | undefined> = {
  isTransaction: false,
  *script(db, { id }) {
    const [row] = yield* db.query<DeliveryRow & { message_id: string }>(selectDelivery, { id });
    return row === undefined ? undefined : toDelivery(row);
  },
};
