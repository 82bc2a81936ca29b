/** A process that opens a folder with keys, and makes a call for each line on its standard input. */
import { createInterface } from 'node:readline';
import { systemClock } from '../../../../src/clock.ts';
import type { StoreError } from '../../../../src/errors.ts';
import { type EncryptionOptions, fileStore } from '../../../../src/store/file/index.ts';

const [, , directory, keys] = process.argv;
const encryption = (JSON.parse(keys!) as EncryptionOptions | null) ?? undefined;
const store = fileStore(directory!, { encryption });

const say = (made: Promise<unknown>, done: string): Promise<boolean> =>
  made.then(
    () => (console.log(done), true),
    (error: StoreError) => (console.log(`failed ${error.code} ${error.message}`), false),
  );

// Nothing keeps a process alive that was refused.
if (await say(store.open({ clock: systemClock }), 'opened'))
  createInterface(process.stdin).on('line', () => void say(store.now(), 'answered'));
