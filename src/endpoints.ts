import type { EndpointInput, EndpointUpdate } from './core/endpoint-input.ts';
import type { EndpointView } from './core/endpoint-view.ts';
import type { AttemptOutcome, OutcomeReason } from './core/outcome.ts';
import type { SchemeSecrets } from './core/rotate-secrets.ts';
import type { VerificationReason } from './core/verification-state.ts';
import type { StoredResponse } from './core/stored-response.ts';
import type { PageRequest } from './page-request.ts';
import type { RotateSecretOptions } from './secret-rotation.ts';
import type { Page } from './store/store.ts';

/** An endpoint as callers see it: its record without the text of its secrets, and how its lane stands. */
export interface Endpoint extends EndpointView {
  /** Nothing is sent until it is resumed. */
  readonly paused: boolean;
  /** Nothing is sent before this instant, epoch ms; undefined when nothing holds it back. */
  readonly blockedUntil: number | undefined;
  /** Why: it asked for that by Retry-After, or its circuit breaker is open. */
  readonly blockedReason: 'retry_after' | 'breaker' | undefined;
  /** Its circuit breaker is open: deliveries wait, and one after the other is tried until one gets through. */
  readonly breakerOpen: boolean;
  /** Deliveries that succeeded since it was created. */
  readonly succeeded: number;
  /** Deliveries that ended `exhausted` or `failed` since it was created. */
  readonly failed: number;
  /** When the last attempt was made, epoch ms. */
  readonly lastTriggeredAt: number | undefined;
  /** Attempts that failed since the last one that was delivered. */
  readonly consecutiveFailures: number;
  /** When the first of these began, epoch ms; undefined when there is none. */
  readonly failingSince: number | undefined;
}

/** Of all answers, only this one and that of `rotateSecret` carry a secret. */
export interface CreatedEndpoint extends Endpoint {
  /** The first signing secret; undefined for an endpoint without one. Show it to the receiver's owner now: it is not readable later. */
  readonly secret: string | undefined;
  /** Its public key, `whpk_…`; undefined unless the endpoint signs with `standard-ed25519`. */
  readonly publicKey: string | undefined;
}

/** The answer of `endpoints.rotateSecret`. */
export interface RotatedSecret {
  readonly endpoint: Endpoint;
  /** The new secret. Show it to the receiver's owner now: it is not readable later. */
  readonly secret: string;
  /** Its public key, `whpk_…`; undefined unless the endpoint signs with `standard-ed25519`. */
  readonly publicKey: string | undefined;
  /** When the last of the previous secrets stops signing, epoch ms; `Infinity`: never; undefined: there was none. */
  readonly previousExpiresAt: number | undefined;
  /** What each signature scheme of the endpoint signs with until then, in the order of its `signatures`. */
  readonly signsWith: readonly SchemeSecrets[];
}

/** What came of a test message. */
export interface EndpointTestResult {
  readonly messageId: string;
  readonly deliveryId: string;
  readonly delivered: boolean;
  readonly outcome: AttemptOutcome;
  readonly reason: OutcomeReason | undefined;
  /** One line for a person; undefined when delivered. */
  readonly detail: string | undefined;
  readonly status: number | undefined;
  readonly durationMs: number;
  readonly response: StoredResponse | undefined;
}

/** The answer of `endpoints.verify`: what came of the check. */
export interface EndpointVerification {
  readonly verified: boolean;
  /** Why not; undefined when verified. */
  readonly reason: VerificationReason | undefined;
  /** One line for a person; undefined when verified. */
  readonly detail: string | undefined;
  /** HTTP status, when a response arrived. */
  readonly status: number | undefined;
  readonly durationMs: number;
  /** The endpoint as it is now. */
  readonly endpoint: Endpoint;
}

/** Which endpoints `endpoints.list` gives. */
export interface ListEndpointsRequest extends PageRequest {
  /** Only this tenant's. Default: all. */
  tenant?: string | undefined;
}

/** Options of `endpoints.update`. */
export interface UpdateOptions {
  /** Refuse with a ConflictError when the endpoint is at another revision: what Posthorn itself notes in it (failing, recovered, disabled, verification) counts as a change, too. Default: change whatever is there. */
  revision?: number | undefined;
}

/** `dispatcher.endpoints`: where messages go. `Pattern`: which event patterns they may have, where the types are known. */
export interface Endpoints<Pattern extends string = string> {
  /**
   * Registers an endpoint. The answer carries its secret, which no later one does. One that has to prove itself (`verification`) is disabled at
   * first; a process that delivers checks it at once, and again when it does not answer.
   *
   * @throws OptionsError naming the field that is wrong
   * @throws ConflictError when the id is taken
   */
  create(input: EndpointInput<Pattern>): Promise<CreatedEndpoint>;
  /**
   * Also the hidden endpoint of a destination that came with a message. It can only be read: the other calls throw an
   * OptionsError. Pause, block and counters are those of the lane that it shares.
   *
   * @throws NotFoundError
   */
  get(id: string): Promise<Endpoint>;
  /** In order of creation, without hidden ones. */
  list(request?: ListEndpointsRequest): Promise<Page<Endpoint>>;
  /**
   * Changes the given members; `null` removes a setting. Later attempts of waiting deliveries use the new settings.
   * Disabling discards what waits, or holds it, as `onDisable` says; enabling sends what was held, unless somebody paused the endpoint as well.
   * Another `url` or `verification` has to be verified anew: until then the endpoint is disabled.
   *
   * @throws OptionsError naming the field that is wrong; for `status: 'enabled'`, too, of an endpoint that is not verified
   * @throws NotFoundError
   * @throws ConflictError when `revision` is given and is another one by now: somebody was faster, or Posthorn noted something of its own
   */
  update(id: string, changes: EndpointUpdate<Pattern>, options?: UpdateOptions): Promise<Endpoint>;
  /**
   * Gives the endpoint a new secret, or its first. The previous ones go on signing for a while, so that the receiver can
   * change over without losing a request; the answer says what signs with which. The new one is in this answer only.
   *
   * @throws OptionsError for a secret that does not fit, an eleventh live secret, or an endpoint that signs nothing
   * @throws NotFoundError
   */
  rotateSecret(id: string, options?: RotateSecretOptions): Promise<RotatedSecret>;
  /** Removes it for good; what waits for it is discarded. @throws NotFoundError */
  remove(id: string): Promise<void>;
  /** Holds its deliveries, for as long as it takes: they wait in the store, without using up attempts. @throws NotFoundError */
  pause(id: string): Promise<void>;
  /**
   * Sends what was held, also while Retry-After blocks the endpoint. A delivery that failed keeps the time
   * of its next attempt; `deliveries.retry` sends it now. Failures so far do not count for `autoDisable`.
   *
   * @throws NotFoundError, or OptionsError for one that is not paused, but disabled with `onDisable: 'hold'`: enabling it sends what waits
   */
  resume(id: string): Promise<void>;
  /**
   * Sends a test message now, once, whatever the state of the endpoint; logged as a test. Never disables the endpoint. The option
   * `testMessage` says what it sends.
   *
   * @throws NotFoundError
   * @throws FunctionError when `testMessage` throws; OptionsError or PayloadError when what it gives cannot be sent
   */
  test(id: string): Promise<EndpointTestResult>;
  /**
   * Checks now whether the endpoint proves itself as its `verification` asks, and enables it if that is what it waited for. May be called again and
   * again, also for one that is verified: a check that fails does not take away what an earlier one proved.
   *
   * @throws NotFoundError
   * @throws OptionsError for an endpoint without `verification`
   * @throws ConflictError when its `url` or `verification` is changed meanwhile
   */
  verify(id: string): Promise<EndpointVerification>;
}
