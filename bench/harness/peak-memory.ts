import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The most memory that this process has had, in bytes. */
export function peakMemoryBytes(): number {
  return ofThisProgram() ?? process.resourceUsage().maxRSS * 1024;
}

/** On Linux `maxRSS` begins with that of the process which started this one; here it counts from the start of the program. */
function ofThisProgram(): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** What the objects that are in use take, in bytes. */
export function heapBytesInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}
