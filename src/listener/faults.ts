import { answerFaults } from './faults/answer-faults.ts';
import { bodyFaults } from './faults/body-faults.ts';
import { connectionFaults } from './faults/connection-faults.ts';
import type { Fault } from './faults/fault.ts';
import { malformedFaults } from './faults/malformed-faults.ts';
import { nameFaults } from './faults/name-faults.ts';
import { tlsFaults } from './faults/tls-faults.ts';

const ALL = {
  ...nameFaults,
  ...connectionFaults,
  ...tlsFaults,
  ...malformedFaults,
  ...bodyFaults,
  ...answerFaults,
};

/** The name of a fault that `createFaultReceiver` plays. The guide to testing lists what each does. */
export type FaultName = keyof typeof ALL;

/** All faults, by name. */
export const FAULTS: Readonly<Record<FaultName, Fault>> = ALL;

/** Names of all faults, those of an earlier stage of a request first. */
export const FAULT_NAMES: readonly FaultName[] = Object.keys(ALL) as FaultName[];
