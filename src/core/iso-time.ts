let lastTimestamp = NaN;
let lastIso = '';

/** ISO 8601 text of an instant. Messages of one millisecond share it: making it costs as much as the rest of an envelope. */
export function toIso(timestamp: number): string {
  if (timestamp !== lastTimestamp) {
    lastIso = new Date(timestamp).toISOString();
    lastTimestamp = timestamp;
  }
  return lastIso;
}
