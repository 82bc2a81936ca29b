import { type Command, InvalidArgumentError } from 'commander';
import { DELIVERY_STATES, type DeliveryState } from '../core/delivery.ts';
import { listFlag } from './flag-values.ts';

export interface StateFlag {
  readonly state?: DeliveryState[];
}

export function addStateFlag(command: Command): void {
  command.option('--state <states>', `only in these states: ${DELIVERY_STATES.join(', ')}`, readStates);
}

function readStates(text: string, before: readonly string[] | undefined): DeliveryState[] {
  return listFlag(text, before).map((word) => {
    const state = DELIVERY_STATES.find((known) => known === word);
    if (state !== undefined) return state;
    throw new InvalidArgumentError(`Expected one or more of ${DELIVERY_STATES.join(', ')}.`);
  });
}
