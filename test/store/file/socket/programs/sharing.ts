/** A process that shares a folder, and does what it is told on its standard input, one line at a time. */
import cluster from 'node:cluster';
import { createInterface } from 'node:readline';
import { systemClock } from '../../../../../src/clock.ts';
import { SharedStore } from '../../../../../src/store/file/socket/shared-store.ts';
import { memoryStore } from '../../../../../src/store/memory/memory-store.ts';

const say = (...words: readonly unknown[]): void => console.log(words.join(' '));
let isSlow = false;

const store = new SharedStore({
  dir: process.argv[2]!,
  name: 'file',
  capabilities: memoryStore().capabilities,
  openLocal: async (params) => {
    const local = memoryStore();
    await local.open(params);
    local.now = async () => {
      if (!isSlow) return 1;
      say('running');
      // Does not keep the process alive.
      return new Promise((resolve) => void systemClock.setTimer(() => resolve(2), 20));
    };
    say('owner', Date.now());
    return { store: local, epoch: 1, onHolderGone: (holder) => say('gone', holder) };
  },
});

const commands: Readonly<Record<string, (argument: string) => unknown>> = {
  open: async () => {
    await store.open({ clock: systemClock });
    say('opened');
  },
  now: async () => {
    say('calling');
    say('answered', await store.now());
  },
  claim: async (owner) => {
    const limits = { limit: 1, perLane: 1, freeSlots: new Map(), maxRescues: 1 };
    await store.claimDue({ ...limits, leaseMs: 60_000, owner, lease: 'lease' });
    say('claimed');
  },
  slow: () => {
    isSlow = true;
    say('slow');
  },
  close: async () => {
    await store.close();
    say('closed');
  },
  /** Nothing but the store can keep the process alive from now on. */
  idle: () => {
    process.stdin.destroy();
    say('idle');
  },
};

if (cluster.isPrimary && process.argv[3] === 'cluster') {
  for (let index = 0; index < 3; index += 1) {
    cluster.fork().on('message', ({ result }: { readonly result: string }) => say('worker', result));
  }
} else if (cluster.isWorker) {
  await store.open({ clock: systemClock });
  process.send!({ result: 'opened' });
} else {
  createInterface(process.stdin).on('line', (line) => {
    const [name, argument] = line.split(' ') as [string, string?];
    void Promise.resolve(commands[name]!(argument ?? '')).catch((error: unknown) =>
      say('failed', String(error)),
    );
  });
  say('ready');
}
