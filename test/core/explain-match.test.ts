import { describe, expect, it } from 'vitest';
import type { EndpointRecord } from '../../src/core/endpoint.ts';
import { type EndpointStanding, explainMatch, type MatchVerdict } from '../../src/core/explain-match.ts';

const RECORD: EndpointRecord = {
  id: 'ep_1',
  tenant: 'default',
  url: 'https://example.com/hooks',
  events: ['*'],
  secrets: [],
  status: 'enabled',
  createdAt: 0,
  updatedAt: 0,
  revision: 1,
};
const STANDING: EndpointStanding = {
  paused: false,
  whilePaused: undefined,
  blockedUntil: undefined,
  breakerOpen: false,
  ordering: 'none',
  streak: { consecutiveFailures: 0, failingSince: undefined },
  refusal: undefined,
  unserved: undefined,
};
const DISCARDED =
  'It matches, but the endpoint is disabled: the delivery would be discarded. The reason is that ';
const custom = (name: string): (() => boolean) | undefined =>
  name === 'broken'
    ? () => {
        throw new Error('out of order');
      }
    : undefined;

describe('explainMatch', () => {
  it.each<[MatchVerdict, Partial<EndpointRecord>, Partial<EndpointStanding>, string]>([
    ['receives', {}, {}, 'It matches and is sent now.'],
    ['receives', { rateLimit: false, maxConcurrencyTotal: false }, {}, 'It matches and is sent now.'],
    [
      'receives',
      { rateLimit: { limit: 20, intervalMs: 1_000 }, maxConcurrencyTotal: 3 },
      { ordering: 'fifo' },
      'It matches and is sent as soon as its limits let it: at most 20 in 1000 ms (rateLimit), at most 3 in flight (maxConcurrencyTotal), after what is before it (ordering).',
    ],
    [
      'receives',
      {},
      { ordering: 'key' },
      'It matches and is sent as soon as its limits let it: after what is before it with the same orderingKey (ordering).',
    ],
    [
      'pattern',
      { events: ['job.*.done', 'user.*'] },
      {},
      'None of its events covers "job.done". The nearest is "job.*.done".',
    ],
    [
      'pattern',
      { events: ['job.dnoe'] },
      {},
      'None of its events covers "job.done". The nearest is "job.dnoe".',
    ],
    [
      'pattern',
      { events: ['user.*', 'jobs.*', 'jbo.**'] },
      {},
      'None of its events covers "job.done". The nearest is "jobs.*".',
    ],
    ['pattern', { events: ['Job.*'] }, {}, 'None of its events covers "job.done". The nearest is "Job.*".'],
    [
      'pattern',
      { events: ['jobs.*', '*.done.*'] },
      {},
      'None of its events covers "job.done". The nearest is "*.done.*".',
    ],
    ['pattern', { events: ['user.created'] }, {}, 'None of its events covers "job.done".'],
    ['filter', { filter: { 'data.n': 2 } }, {}, 'data.n is 1, the filter wants $eq 2.'],
    ['filter_failed', { filter: { $custom: 'broken' } }, {}, 'Its filter threw: out of order'],
    [
      'unserved',
      { filter: { $custom: 'vip' } },
      { unserved: 'the filter function "vip" is not registered here' },
      'This process cannot tell: the filter function "vip" is not registered here.',
    ],
    [
      'unserved',
      {},
      { unserved: 'its secret cannot be read' },
      'It matches, but this process cannot send it: its secret cannot be read.',
    ],
    [
      'disabled',
      { status: 'disabled' },
      { paused: true },
      `${DISCARDED}somebody disabled it. Update it with status: 'enabled' to send to it again.`,
    ],
    [
      'disabled',
      { status: 'disabled', disabledReason: 'gone' },
      {},
      `${DISCARDED}it answered 410 Gone. If it is to get messages after all, update it with status: 'enabled', and with its new url if it has one.`,
    ],
    [
      'disabled',
      { status: 'disabled', disabledReason: 'failing' },
      { streak: { consecutiveFailures: 12, failingSince: 1_767_225_600_000 } },
      `${DISCARDED}nothing but failures came from it since 2026-01-01T00:00:00.000Z, 12 in a row. When it is mended, update it with status: 'enabled'; endpoints.test tries it before that.`,
    ],
    [
      'disabled',
      { status: 'disabled', disabledReason: 'failing' },
      {},
      `${DISCARDED}nothing but failures came from it for too long. When it is mended, update it with status: 'enabled'; endpoints.test tries it before that.`,
    ],
    [
      'disabled',
      { status: 'disabled', disabledReason: 'unverified', verification: 'challenge' },
      {},
      `${DISCARDED}it is not verified: it was not checked yet. Call endpoints.verify to check it now.`,
    ],
    [
      'url_refused',
      {},
      { refusal: 'private', unserved: 'private' },
      'It matches, but its URL is refused: private',
    ],
    ['waits', {}, { paused: true }, 'It matches, and waits until the endpoint is resumed.'],
    ['waits', {}, { whilePaused: 'hold' }, 'It matches, and waits until everything is resumed.'],
    [
      'dispatcher_paused',
      {},
      { whilePaused: 'discard' },
      'It matches, but everything is paused and new messages are discarded.',
    ],
    [
      'waits',
      {},
      { blockedUntil: 1_767_225_600_000 },
      'It matches, and waits until 2026-01-01T00:00:00.000Z, because the endpoint asked for that.',
    ],
    [
      'waits',
      {},
      { blockedUntil: 1_767_225_600_000, breakerOpen: true },
      'It matches, and waits: too many attempts failed lately. One delivery is tried at 2026-01-01T00:00:00.000Z, and the others follow when one gets through.',
    ],
    [
      'waits',
      {},
      { breakerOpen: true },
      'It matches, and waits: too many attempts failed lately. One delivery is tried now, and the others follow when one gets through.',
    ],
    [
      'pattern',
      { events: ['a'], status: 'disabled' },
      { paused: true },
      'None of its events covers "job.done".',
    ],
  ])('says %s for %j, %j', (verdict, record, standing, reason) => {
    const input = { type: 'job.done', tenant: 'default', data: { n: 1 }, metadata: undefined };
    const explanation = explainMatch({ ...RECORD, ...record }, { ...STANDING, ...standing }, input, custom);
    expect(explanation).toMatchObject({ verdict, reason });
    expect(explanation.clause === undefined).toBe(verdict !== 'filter');
  });
});
