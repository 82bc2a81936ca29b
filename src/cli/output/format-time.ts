/** Instants and durations for people. */

/** An instant in UTC, to the second: `2026-03-01 12:30:05Z`. */
export function formatTime(at: number | undefined): string | undefined {
  if (at === undefined) return undefined;
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return String(at);
  return `${date.toISOString().slice(0, 19).replace('T', ' ')}Z`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A duration in its two largest units: `3 h 20 m`, `450 ms`. */
export function formatDuration(ms: number): string {
  const rounded = Math.round(ms);
  const first = UNITS.findIndex(([, size]) => rounded >= size);
  if (first === -1) return `${rounded} ms`;
  const [unit, size] = UNITS[first]!;
  const next = UNITS[first + 1];
  const rest = next === undefined ? 0 : Math.floor((rounded % size) / next[1]);
  return `${Math.floor(rounded / size)} ${unit}${next === undefined || rest === 0 ? '' : ` ${rest} ${next[0]}`}`;
}
