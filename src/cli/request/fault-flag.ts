import { InvalidArgumentError } from 'commander';
import { nearest } from '../../core/nearest.ts';
import { FAULT_NAMES, FAULTS, type FaultName } from '../../listener/faults.ts';

/** They show only where the name of the receiver resolves, or its certificate is believed; testing kits can see to that. */
const NEEDS_TRUST = ['expired', 'other_host', 'wants_client'];

/** The faults that any sender meets, given the URL alone. */
const PLAYABLE: readonly FaultName[] = FAULT_NAMES.filter((fault) => {
  const { name, tls } = FAULTS[fault];
  return name === undefined && !(tls !== undefined && NEEDS_TRUST.includes(tls));
});

export function faultFlag(text: string): FaultName {
  const known = PLAYABLE.find((name) => name === text);
  if (known !== undefined) return known;
  const suggestion = nearest(text, PLAYABLE);
  throw new InvalidArgumentError(
    suggestion === undefined
      ? 'Expected one of the faults that --help lists.'
      : `Did you mean ${suggestion}?`,
  );
}

/** All of them with what they do, for `--help`. */
export function describeFaults(): string {
  const width = Math.max(...PLAYABLE.map((name) => name.length));
  return PLAYABLE.map((name) => `  ${name.padEnd(width)}  ${FAULTS[name].does}`).join('\n');
}
