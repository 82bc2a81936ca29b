/** What a Prometheus would make of the page of metrics. */

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export class Metrics {
  readonly #samples: readonly Sample[];

  /** @param text what `GET /metrics` answered */
  constructor(text: string) {
    this.#samples = text.split('\n').flatMap((line) => readSample(line) ?? []);
  }

  /** `sum(name{…})` */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.#of(name, labels).reduce((total, { value }) => total + value, 0);
  }

  /** Deliveries that succeeded, as a share of those that ended by the receiver's doing. */
  get successRate(): number {
    const count = (state: string): number => this.sum('posthorn_deliveries_total', { state });
    return count('succeeded') / (count('succeeded') + count('exhausted') + count('failed'));
  }

  /** The bound of the histogram that this share of all attempts was under, in seconds. */
  latencyUnder(share: number): number {
    const name = 'posthorn_attempt_duration_seconds';
    const count = this.sum(`${name}_count`);
    const bounds = [...new Set(this.#of(`${name}_bucket`, {}).map(({ labels }) => labels['le'] ?? ''))];
    const bound = bounds.find((le) => this.sum(`${name}_bucket`, { le }) >= share * count);
    return bound === '+Inf' ? Infinity : Number(bound);
  }

  #of(name: string, labels: Readonly<Record<string, string>>): readonly Sample[] {
    return this.#samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
  }
}

function readSample(line: string): Sample | undefined {
  const [, name, labels = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined) return undefined;
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key!, text!] as const);
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}
