import { decodeCursor } from '../../core/cursor.ts';
import { type EndpointRecord, laneIdOf, laneLimitsOf } from '../../core/endpoint.ts';
import { isHeld } from '../../core/endpoint-hold.ts';
import { decodeEndpoint, encodeEndpoint } from '../codec/endpoint-codec.ts';
import type { Keyring } from '../codec/keyring.ts';
import type { EndpointStore, StoredEndpoint } from '../store.ts';
import type { EndpointStamps, SealedEndpointRow } from './rows/endpoint-row.ts';
import type { Runner } from './runner.ts';
import { toPage } from './seq-page.ts';

/** Endpoints in a database. Records are sealed and opened here: keys stay in this thread. */
export function createSqlEndpoints(runner: Runner, keyring: Keyring | undefined): EndpointStore {
  const open = ({ id, record, lane, ...stamps }: SealedEndpointRow): StoredEndpoint => ({
    record: stamp(decodeEndpoint(record, keyring, id), stamps),
    lane,
  });
  return {
    async put({ record, expectedRevision }) {
      const outcome = await runner.call('putEndpoint', {
        id: record.id,
        tenant: record.tenant,
        laneId: laneIdOf(record),
        isHidden: record.hidden === true,
        limits: laneLimitsOf(record),
        isHeld: isHeld(record),
        record: encodeEndpoint(record, keyring),
        expectedRevision,
      });
      if (outcome.kind === 'conflict') return outcome;
      return { kind: 'stored', record: stamp(structuredClone(record), outcome) };
    },
    async get({ id }) {
      const row = await runner.call('getEndpoint', { id });
      return row === undefined ? undefined : open(row);
    },
    async list({ tenant, cursor, limit }) {
      const after = decodeCursor('e', cursor);
      const page = await runner.call('listEndpoints', { tenant, after, limit });
      return toPage('e', { ...page, items: page.items.map(open) });
    },
    remove: ({ id }) => runner.call('removeEndpoint', { id }),
  };
}

function stamp(record: EndpointRecord, { revision, createdAt, updatedAt }: EndpointStamps): EndpointRecord {
  return { ...record, revision, createdAt, updatedAt };
}
