import type { Store } from '../../src/store/store.ts';
import { fileStore } from '../../src/store/file/index.ts';
import { sqlStore } from '../../src/store/sql/index.ts';
import type { ChildOrder } from './windows.ts';

/** Small, so that a round fills several. */
const SEGMENT_BYTES = 64 * 1024;
/** Smaller, so that compaction has much to remove. Elsewhere it would take away a torn segment before anybody read it again. */
const COMPACTED_SEGMENT_BYTES = 16 * 1024;
/** A process that is frozen in a transaction holds up the others for so long. */
const CALL_TIMEOUT_MS = 5_000;

/** The store of an order, not opened. */
export function openStore({ store: { kind, location, name }, task, hold }: ChildOrder): Store {
  switch (kind) {
    case 'file':
      return fileStore(location, {
        segmentBytes: task === 'retention' ? COMPACTED_SEGMENT_BYTES : SEGMENT_BYTES,
      });
    case 'sqlite':
      // A driver in another thread could not be watched.
      return sqlStore(location, hold === undefined ? {} : { worker: false, driver: 'libsql' });
    case 'postgres':
      return sqlStore(location, { schema: name, callTimeoutMs: CALL_TIMEOUT_MS });
    case 'mariadb':
      return sqlStore(location, { callTimeoutMs: CALL_TIMEOUT_MS });
  }
}
