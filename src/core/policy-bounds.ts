/** Settings with two members of which one bounds the other, where one is given and the other is a default. */
import { OptionsError } from '../errors.ts';
import type { AutoDisablePolicy } from './auto-disable.ts';
import type { BreakerPolicy } from './breaker.ts';
import { describeValue } from './describe-value.ts';
import type { DeliverySettings } from './endpoint.ts';

/** What members that are left out stand for. */
export interface WholePolicies {
  readonly breaker: BreakerPolicy;
  readonly autoDisable: AutoDisablePolicy;
}

/**
 * Checks what was given against the defaults of what was left out.
 *
 * @param path of the endpoint; empty for the dispatcher
 * @throws OptionsError naming the member that was given
 */
export function checkPolicyBounds(
  { breaker, autoDisable }: Pick<DeliverySettings, 'breaker' | 'autoDisable'>,
  whole: WholePolicies,
  path: string,
): void {
  const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
  if (breaker) checkBounds(breaker, whole.breaker, ['openMs', 'maxOpenMs'], at('breaker'));
  if (autoDisable)
    checkBounds(autoDisable, whole.autoDisable, ['failingAfterMs', 'afterMs'], at('autoDisable'));
}

/** Both given were checked with their types. */
function checkBounds<Name extends string>(
  given: { readonly [Key in Name]?: number | undefined },
  whole: { readonly [Key in Name]: number },
  [low, high]: readonly [Name, Name],
  path: string,
): void {
  const isLow = given[low] !== undefined;
  if ((given[low] ?? whole[low]) <= (given[high] ?? whole[high])) return;
  const [name, other, bound] = isLow ? [low, high, 'at most'] : [high, low, 'at least'];
  throw new OptionsError(
    `${path}.${name}`,
    `${path}.${name}: expected ${bound} ${other}, which is ${whole[other]} unless given, got ${describeValue(given[name])}. Give both.`,
  );
}
