import { GLASSES } from './images.ts';
import type { WebhookConfig } from './dashboard.ts';
import type { Receiver } from './receiver.ts';

export interface Ending {
  readonly shop: Receiver;
  readonly backup: Receiver;
  /** What `list` printed at the end. */
  readonly listed: string;
  readonly config: WebhookConfig;
}

/** What should not have come of the story; empty when all is well. */
export function findProblems({ shop, backup, listed, config }: Ending): readonly string[] {
  const [first] = GLASSES;
  const others = [...shop.accepted, ...backup.accepted].filter(
    ({ event, model }) => event === 'match' && model !== first.name,
  );
  const expectations: readonly (readonly [expected: unknown, actual: unknown, what: string])[] = [
    [6, shop.idsOf('match').size, 'matches that My App accepted'],
    [6, backup.idsOf('match').size, 'matches that Backup App accepted'],
    [GLASSES.length, backup.idsOf('upload').size, 'uploads that Backup App accepted'],
    [0, shop.idsOf('upload').size, 'uploads that My App got, which did not ask for them'],
    [1, backup.idsOf('test').size, 'tests of Backup App'],
    [0, shop.refused, 'requests that My App refused'],
    [0, others.length, `matches that were not ${first.name}`],
    ['6 and 0', countersOf(listed, 'My App'), 'what list says of My App'],
    ['8 and 1', countersOf(listed, 'Backup App'), 'what list says of Backup App'],
    [true, config.enabled, 'the switch in the file'],
    [
      'true, true',
      config.endpoints.map(({ enabled }) => String(enabled)).join(', '),
      'the switches of the webhooks in the file',
    ],
  ];
  return expectations
    .filter(([expected, actual]) => expected !== actual)
    .map(([expected, actual, what]) => `${what}: expected ${String(expected)}, got ${String(actual)}`);
}

/** Successes and failures. */
function countersOf(listed: string, name: string): string {
  const [, success, failures] =
    new RegExp(`${name} ✓[^]*?Success: +(\\d+)\\s+Failures: +(\\d+)`).exec(listed) ?? [];
  return `${success} and ${failures}`;
}
