import type { TemplateText } from '../database.ts';
import type { Operation } from '../operation.ts';
import {
  ENDPOINT_COLUMNS,
  type EndpointRow,
  type SealedEndpointRow,
  toSealedEndpoint,
} from '../rows/endpoint-row.ts';
import { joinLane } from '../rows/lane-row.ts';
import { type SeqPage, toSeqPage } from '../seq-page.ts';

const selectEndpoint: TemplateText = (db) =>
  `select ${ENDPOINT_COLUMNS} from ${db.names.endpoints} e ${joinLane(db, 'e.lane_id')} where e.id = :id`;

const selectPage: TemplateText = (db) =>
  `select ${ENDPOINT_COLUMNS} from ${db.names.endpoints} e ${joinLane(db, 'e.lane_id')}
   where e.hidden = 0 and e.seq > :after order by e.seq limit ${db.dialect.int(':count')}`;

const selectPageOfTenant: TemplateText = (db) =>
  `select ${ENDPOINT_COLUMNS} from ${db.names.endpoints} e ${joinLane(db, 'e.lane_id')}
   where e.hidden = 0 and e.tenant = :tenant and e.seq > :after order by e.seq limit ${db.dialect.int(':count')}`;

/** Reads an endpoint, hidden ones too. */
export const getEndpoint: Operation<{ readonly id: string }, SealedEndpointRow | undefined> = {
  isTransaction: false,
  *script(db, { id }) {
    const now = yield* db.now();
    const [row] = yield* db.query<EndpointRow>(selectEndpoint, { id });
    return row === undefined ? undefined : toSealedEndpoint(row, now);
  },
};

/** Where a page of endpoints begins, and how long it is. */
export interface ListEndpointsOperation {
  readonly tenant: string | undefined;
  readonly after: number | undefined;
  readonly limit: number;
}

/** A page of the endpoints that are not hidden, in the order of creation. */
export const listEndpoints: Operation<ListEndpointsOperation, SeqPage<SealedEndpointRow>> = {
  isTransaction: false,
  *script(db, { tenant, after = 0, limit }) {
    const now = yield* db.now();
    const values = { after, count: limit + 1 };
    const rows =
      tenant === undefined
        ? yield* db.query<EndpointRow>(selectPage, values)
        : yield* db.query<EndpointRow>(selectPageOfTenant, { ...values, tenant });
    return toSeqPage(rows, limit, (row) => toSealedEndpoint(row, now));
  },
};
