/** What the workers of this queue can do, in place of models that need a graphics card. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Work } from './job-queue.ts';

const STEP_MS = 20;

const work: Readonly<Record<string, Work>> = {
  comfyui: async ({ report, signal }) => {
    for (const progress of [25, 50, 75]) {
      await sleep(STEP_MS, undefined, { signal });
      report(progress);
    }
    return { images: 1 };
  },
  'workflow-step': async ({ signal }) => {
    await sleep(STEP_MS, undefined, { signal });
    return { next: 'upscale' };
  },
  broken: async () => {
    throw new Error('CUDA out of memory');
  },
  endless: async ({ signal }) => {
    if (!signal.aborted) await once(signal, 'abort');
    throw new Error('called off');
  },
};

/** By job type. */
export const WORK: ReadonlyMap<string, Work> = new Map(Object.entries(work));
