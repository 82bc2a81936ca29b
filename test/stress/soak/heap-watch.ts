/** Samples what is alive after a full collection, and judges whether it grows. */
export interface HeapWatch {
  readonly sample: () => void;
  report(): { readonly startMb: number; readonly endMb: number; readonly samples: number };
  problems(): string[];
}

/** Seconds between two samples: a full collection stops the world. */
const EVERY = 5;
/** Share of the samples, at the start, in which caches and the store fill up. */
const WARM_UP = 0.3;
/** What may come on top: noise of one request more or less in flight. */
const TOLERANCE = 1.1;
const TOLERANCE_MB = 5;

export function createHeapWatch(): HeapWatch {
  const samples: number[] = [];
  let seconds = 0;
  const median = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
  const judged = (): { startMb: number; endMb: number } => {
    const steady = samples.slice(Math.floor(samples.length * WARM_UP));
    const third = Math.max(1, Math.floor(steady.length / 3));
    return { startMb: median(steady.slice(0, third)), endMb: median(steady.slice(-third)) };
  };
  return {
    sample() {
      seconds += 1;
      if (seconds % EVERY !== 0) return;
      globalThis.gc?.();
      samples.push(process.memoryUsage().heapUsed / 1e6);
    },
    report() {
      const { startMb, endMb } = judged();
      return { startMb: Math.round(startMb), endMb: Math.round(endMb), samples: samples.length };
    },
    problems() {
      const { startMb, endMb } = judged();
      if (samples.length < 3) return [`only ${samples.length} samples of the heap: run longer`];
      if (endMb <= startMb * TOLERANCE + TOLERANCE_MB) return [];
      return [`the heap grew from ${startMb.toFixed(1)} to ${endMb.toFixed(1)} MB`];
    },
  };
}
