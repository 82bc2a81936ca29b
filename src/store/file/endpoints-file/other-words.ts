/** Words that people try before they look: those of other webhook services, and of what they know from elsewhere. */

/** What to write instead, by word in small letters. */
export type OtherWords = ReadonlyMap<string, string>;

const STATUS = 'Write "status": "enabled" or "disabled".';
const SWITCH = 'Write "switch": "running", "hold" or "discard".';
const OF_ENDPOINT = 'It is a member of each endpoint, not of the file.';
const OF_DISPATCHER = 'It is a member of each endpoint; for all of them it is an option of the dispatcher.';

/** Words for members of an endpoint. */
export const ENDPOINT_WORDS: OtherWords = toWords([
  ['active disabled inactive isEnabled isActive isDisabled', STATUS],
  [
    'paused pause hold',
    'Pause it by endpoints.pause, which keeps what waits; "status": "disabled" discards it.',
  ],
  [
    'topic topics type types eventType eventTypes eventName eventNames subscriptions subscribe',
    mean('events'),
  ],
  ['filters where condition conditions match matches', mean('filter')],
  [
    'retries retryPolicy retryCount retryLimit maxRetries maxAttempts attempts backoff',
    'Write "retry": a name such as "short", or { "kind": … } with "maxAttempts".',
  ],
  ['signingSecret signingKey secretKey sharedSecret webhookSecret', mean('secret')],
  ['scheme schemes signing signatureScheme signatureSchemes', mean('signatures')],
  ['authentication credentials basicAuth bearer oauth oauth2', mean('auth')],
  ['certificate clientCertificate mtls ssl', mean('tls')],
  ['authorization httpHeaders customHeaders extraHeaders requestHeaders', mean('headers')],
  ['format payloadFormat contentType', mean('envelope')],
  ['timeoutSeconds timeoutSecs requestTimeout requestTimeoutMs', mean('timeoutMs')],
  ['maxConcurrency maxInFlight parallelism', mean('concurrency')],
  ['throttle throttling maxPerSecond requestsPerSecond', mean('rateLimit')],
  ['fifo ordered', mean('ordering')],
  ['verify verified challenge handshake abuseProtection', mean('verification')],
]);

/** Words for members of the file. */
export const TOP_WORDS: OtherWords = toWords([
  ['active disabled paused pause running stopped status hold discard whilePaused', SWITCH],
  ['hooks webhooks subscriptions subscribers destinations targets receivers', mean('endpoints')],
  ['url events filter secret secrets tenant', OF_ENDPOINT],
  [
    'envelope signatures headers auth tls retry timeoutMs concurrency rateLimit maxConcurrencyTotal ordering verification',
    OF_DISPATCHER,
  ],
]);

function mean(word: string): string {
  return `Did you mean ${JSON.stringify(word)}?`;
}

function toWords(rows: readonly (readonly [words: string, advice: string])[]): OtherWords {
  return new Map(
    rows.flatMap(([words, advice]) => words.split(' ').map((word) => [word.toLowerCase(), advice] as const)),
  );
}
