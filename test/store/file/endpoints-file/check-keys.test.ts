import { describe, expect, it } from 'vitest';
import { checkEndpointKeys, checkTopKeys } from '../../../../src/store/file/endpoints-file/check-keys.ts';
import { ENDPOINT_WORDS, TOP_WORDS } from '../../../../src/store/file/endpoints-file/other-words.ts';

const ofEndpoint = (key: string): void => checkEndpointKeys({ [key]: 1 }, 'endpoints[3]');
const atTop = (key: string): void => checkTopKeys({ [key]: 1 });

describe('a member of an endpoint that Posthorn does not know', () => {
  it.each([
    ['enabeld', 'Did you mean "enabled"?'],
    ['is_enabled', 'Write "status": "enabled" or "disabled".'],
    ['disabled', 'Write "status": "enabled" or "disabled".'],
    ['active', 'Write "status": "enabled" or "disabled".'],
    ['is_active', 'Write "status": "enabled" or "disabled".'],
    ['paused', 'Pause it by endpoints.pause, which keeps what waits; "status": "disabled" discards it.'],
    ['topics', 'Did you mean "events"?'],
    ['types', 'Did you mean "events"?'],
    ['eventTypes', 'Did you mean "events"?'],
    ['event_types', 'Did you mean "events"?'],
    ['event-types', 'Did you mean "events"?'],
    ['filters', 'Did you mean "filter"?'],
    ['retries', 'Write "retry": a name such as "short", or { "kind": … } with "maxAttempts".'],
    ['max_retries', 'Write "retry": a name such as "short", or { "kind": … } with "maxAttempts".'],
    ['signing_secret', 'Did you mean "secret"?'],
    ['rate_limit', 'Did you mean "rateLimit"?'],
    ['timeout', 'Did you mean "timeoutMs"?'],
    ['URL', 'Did you mean "url"?'],
    ['evnets', 'Did you mean "events"?'],
  ])('is refused where it was meant to do something: %s', (key, advice) => {
    expect(() => ofEndpoint(key)).toThrow(
      `Unknown key "endpoints[3].${key}". ${advice} A remark of your own is kept under another name, such as "x-${key}".`,
    );
  });

  it.each(['note', 'owner', 'team', '_comment', 'x-evnets', 'x_events', 'contact-email', '$schema', 'label'])(
    'is kept where it is a remark: %s',
    (key) => {
      ofEndpoint(key);
      atTop(key);
    },
  );
});

describe('a member of the file that Posthorn does not know', () => {
  it.each([
    ['paused', 'Write "switch": "running", "hold" or "discard".'],
    ['enable', 'Did you mean "enabled"?'],
    ['webhooks', 'Did you mean "endpoints"?'],
    ['endpoint', 'Did you mean "endpoints"?'],
    ['secret', 'It is a member of each endpoint, not of the file.'],
    ['rate_limit', 'It is a member of each endpoint; for all of them it is an option of the dispatcher.'],
  ])('is refused where it was meant to do something: %s', (key, advice) => {
    expect(() => atTop(key)).toThrow(`Unknown key "${key}". ${advice} A remark`);
  });
});

describe('the words that are not kept', () => {
  it('leaves the name that messages give to a remark', () => {
    for (const word of ENDPOINT_WORDS.keys()) ofEndpoint(`x-${word}`);
    for (const word of TOP_WORDS.keys()) atTop(`x-${word}`);
  });

  it('are refused, each of them', () => {
    for (const word of ENDPOINT_WORDS.keys()) expect(() => ofEndpoint(word)).toThrow('Unknown key');
    for (const word of TOP_WORDS.keys()) expect(() => atTop(word)).toThrow('Unknown key');
  });
});
