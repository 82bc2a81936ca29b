import type { Store } from '../../src/store/store.ts';
import { fileStore } from '../../src/store/file/index.ts';
import { sqlStore } from '../../src/store/sql/index.ts';
import type { StoreOrder } from './windows.ts';

/** Small, so that a round fills several and removes them. */
const SEGMENT_BYTES = 64 * 1024;
/** A process that is frozen in a transaction holds up the others for so long. */
const CALL_TIMEOUT_MS = 5_000;

/** The store of an order, not opened. */
export function openStore({ kind, location, name }: StoreOrder): Store {
  switch (kind) {
    case 'file':
      return fileStore(location, { segmentBytes: SEGMENT_BYTES });
    case 'sqlite':
      return sqlStore(location);
    case 'postgres':
      return sqlStore(location, { schema: name, callTimeoutMs: CALL_TIMEOUT_MS });
    case 'mariadb':
      return sqlStore(location, { callTimeoutMs: CALL_TIMEOUT_MS });
  }
}
