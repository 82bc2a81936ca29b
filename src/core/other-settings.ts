import type { EndpointRecord } from './endpoint.ts';
import { dropExpiredSecrets } from './live-secrets.ts';

/** What a record tells beside the settings; `undefined` is left out of their text. */
const NOTES = {
  status: undefined,
  disabledReason: undefined,
  held: undefined,
  failing: undefined,
  verificationState: undefined,
  updatedAt: undefined,
  revision: undefined,
};

/** Something was changed that whoever looks after the endpoint decides, its status aside. */
export function hasOtherSettings(before: EndpointRecord, after: EndpointRecord): boolean {
  return settingsText(dropExpiredSecrets(before, after.updatedAt)) !== settingsText(after);
}

/** Not for logs: it has secrets in it. */
function settingsText(record: EndpointRecord): string {
  return JSON.stringify(
    Object.entries({ ...record, ...NOTES }).sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}
