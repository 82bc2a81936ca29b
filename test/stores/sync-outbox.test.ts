/** Emits in synchronous transactions. The other drivers: test/drivers. */
import Libsql from 'libsql';
import { declareSyncOutbox } from '../support/sync-outbox.ts';

declareSyncOutbox('libsql', (path) => new Libsql(path));
