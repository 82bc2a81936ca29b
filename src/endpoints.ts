import { z } from 'zod';
import type { Random } from './clock.ts';
import type { StoredResponse } from './core/stored-response.ts';
import type { EndpointInput, EndpointUpdate } from './core/endpoint-input.ts';
import {
  createEndpointRecord,
  type RecordSurroundings,
  updateEndpointRecord,
} from './core/endpoint-record.ts';
import type { EndpointRecord } from './core/endpoint.ts';
import { toEndpointView, type EndpointView } from './core/endpoint-view.ts';
import { expectId } from './core/expect-value.ts';
import { createId } from './core/id.ts';
import { type AttemptOutcome, type OutcomeReason, reasonOf, responseOf } from './core/outcome.ts';
import { describeSigning, type SchemeSecrets } from './core/rotate-secrets.ts';
import { generateSecret, publicKeyOf, shortSecretWarning } from './core/secret.ts';
import { isSigning, type SignatureSetting } from './core/signature.ts';
import { OptionsError } from './errors.ts';
import type { EndpointAdmin } from './engine/endpoint-admin.ts';
import type { EndpointCompiler } from './engine/endpoint-runtime.ts';
import type { NewMessage, Page, StoredEndpoint } from './store/store.ts';
import { DEFAULT_PAGE_LIMIT, pageShape, type PageRequest, parseListRequest } from './page-request.ts';
import { parseRotation, rotateSecret, type RotateSecretOptions } from './secret-rotation.ts';

/** An endpoint as callers see it: its record without the text of its secrets, and how its lane stands. */
export interface Endpoint extends EndpointView {
  /** Nothing is sent until it is resumed. */
  readonly paused: boolean;
  /** Nothing is sent before this instant (epoch ms), because it asked for that by Retry-After; undefined when it did not. */
  readonly blockedUntil: number | undefined;
  /** Deliveries that succeeded since it was created. */
  readonly succeeded: number;
  /** Deliveries that ended `exhausted` or `failed` since it was created. */
  readonly failed: number;
  /** When the last attempt was made, epoch ms. */
  readonly lastTriggeredAt: number | undefined;
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

/** Which endpoints `endpoints.list` gives. */
export interface ListEndpointsRequest extends PageRequest {
  /** Only this tenant's. Default: all. */
  tenant?: string | undefined;
}

/** Options of `endpoints.update`. */
export interface UpdateOptions {
  /** Refuse with a ConflictError when the endpoint is at another revision. Default: change whatever is there. */
  revision?: number | undefined;
}

/** `dispatcher.endpoints`: where messages go. `Pattern`: which event patterns they may have, where the types are known. */
export interface Endpoints<Pattern extends string = string> {
  /**
   * Registers an endpoint. The answer carries its secret, which no later one does.
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
   * Disabling discards what waits.
   *
   * @throws OptionsError naming the field that is wrong
   * @throws NotFoundError
   * @throws ConflictError when `revision` is given and somebody else was faster
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
   * of its next attempt; `deliveries.retry` sends it now.
   *
   * @throws NotFoundError
   */
  resume(id: string): Promise<void>;
  /**
   * Sends a test message now, once, whatever the state of the endpoint; logged as a test. Never disables the endpoint.
   *
   * @throws NotFoundError
   */
  test(id: string): Promise<EndpointTestResult>;
}

export interface EndpointsOptions extends RecordSurroundings {
  readonly admin: () => Promise<EndpointAdmin>;
  readonly compiler: EndpointCompiler;
  readonly random: Random;
  readonly secretPolicy: 'generate' | 'optional';
  readonly secretGraceMs: number;
  /** A line for the log of the host. */
  readonly warn: (message: string) => void;
  readonly createTestMessage: (tenant: string, endpointId: string) => NewMessage;
  /** Refuses patterns that cover no known event type. */
  readonly checkEvents: (events: readonly string[], known?: readonly string[]) => void;
}

const updateSchema = z.strictObject({ revision: z.number().int().min(0).optional() });
const listSchema = z.strictObject({ ...pageShape, tenant: z.string().optional() });

export function createEndpoints(options: EndpointsOptions): Endpoints {
  return new EndpointRegistry(options);
}

class EndpointRegistry implements Endpoints {
  readonly #options: EndpointsOptions;

  constructor(options: EndpointsOptions) {
    this.#options = options;
  }

  async create(input: EndpointInput): Promise<CreatedEndpoint> {
    const { compiler, random } = this.#options;
    const record = createEndpointRecord(input, this.#options, {
      id: () => createId('ep_', random),
      secrets: (signatures) => this.#generateSecrets(signatures),
    });
    this.#options.checkEvents(record.events);
    compiler.check(record);
    this.#warnOfShortSecrets(record);
    const stored = await (await this.#options.admin()).create(record);
    const endpoint = this.#toEndpoint(stored);
    return {
      ...endpoint,
      secret: record.secrets[0]?.value,
      publicKey: endpoint.secrets[0]?.publicKey,
    };
  }

  async get(id: string): Promise<Endpoint> {
    expectId(id, 'endpoint');
    return this.#toEndpoint(await (await this.#options.admin()).get(id));
  }

  async list(request: ListEndpointsRequest = {}): Promise<Page<Endpoint>> {
    const { tenant, cursor, limit } = parseListRequest(listSchema, request);
    const page = await (
      await this.#options.admin()
    ).list({ tenant, cursor, limit: limit ?? DEFAULT_PAGE_LIMIT });
    return { items: page.items.map((item) => this.#toEndpoint(item)), nextCursor: page.nextCursor };
  }

  async update(id: string, changes: EndpointUpdate, options: UpdateOptions = {}): Promise<Endpoint> {
    expectId(id, 'endpoint');
    const { revision } = parseListRequest(updateSchema, options);
    const { compiler } = this.#options;
    const admin = await this.#options.admin();
    const stored = await admin.update(
      id,
      (record) => {
        const next = updateEndpointRecord(record, changes, this.#options);
        this.#checkStillSigned(record, next);
        this.#options.checkEvents(next.events, record.events);
        compiler.check(next);
        if (next.secrets !== record.secrets) this.#warnOfShortSecrets(next);
        return next;
      },
      revision,
    );
    return this.#toEndpoint(stored);
  }

  async rotateSecret(id: string, options: RotateSecretOptions = {}): Promise<RotatedSecret> {
    expectId(id, 'endpoint');
    const request = parseRotation(options, this.#options.secretGraceMs);
    const { stored, record, previousExpiresAt } = await rotateSecret(id, request, {
      ...this.#options,
      admin: await this.#options.admin(),
    });
    this.#warnOfShortSecrets({ ...record, secrets: record.secrets.slice(0, 1) });
    const signatures = record.signatures ?? this.#options.defaults.signatures;
    const secret = record.secrets[0]!.value;
    return {
      endpoint: this.#toEndpoint(stored),
      secret,
      publicKey: publicKeyOf(secret, signatures),
      previousExpiresAt,
      signsWith: describeSigning(record.secrets, signatures),
    };
  }

  async remove(id: string): Promise<void> {
    expectId(id, 'endpoint');
    await (await this.#options.admin()).remove(id);
  }

  async pause(id: string): Promise<void> {
    expectId(id, 'endpoint');
    await (await this.#options.admin()).pause(id);
  }

  async resume(id: string): Promise<void> {
    expectId(id, 'endpoint');
    await (await this.#options.admin()).resume(id);
  }

  async test(id: string): Promise<EndpointTestResult> {
    expectId(id, 'endpoint');
    const admin = await this.#options.admin();
    const { record } = await admin.get(id);
    const message = this.#options.createTestMessage(record.tenant, id);
    const { outcome, delivery, durationMs } = await admin.test(id, message);
    const response = responseOf(outcome);
    return {
      messageId: message.id,
      deliveryId: delivery.id,
      delivered: outcome.kind === 'delivered',
      outcome: outcome.kind,
      reason: reasonOf(outcome),
      detail: outcome.kind === 'delivered' ? undefined : outcome.detail,
      status: response?.status,
      durationMs,
      response,
    };
  }

  /** Where secrets are the rule, an endpoint does not become an unsigned one by the way. */
  #checkStillSigned(before: EndpointRecord, after: EndpointRecord): void {
    const { secretPolicy, defaults } = this.#options;
    if (secretPolicy !== 'generate' || before.secrets.length === 0 || after.secrets.length > 0) return;
    if (!isSigning(after.signatures ?? defaults.signatures)) return;
    throw new OptionsError(
      'endpoint.secret',
      "endpoint.secret: cannot be removed, because requests would go out unsigned. Set signatures: ['none'] with it, rotate " +
        "the secret instead, or create the dispatcher with secretPolicy: 'optional'.",
    );
  }

  #warnOfShortSecrets({ id, secrets, signatures }: EndpointRecord): void {
    for (const [index, { value }] of secrets.entries()) {
      const warning = shortSecretWarning(
        value,
        `secrets[${index}] of endpoint ${id}`,
        signatures ?? this.#options.defaults.signatures,
      );
      if (warning !== undefined) this.#options.warn(warning);
    }
  }

  #generateSecrets(signatures: readonly SignatureSetting[]): readonly string[] {
    const { secretPolicy, random } = this.#options;
    const secret = secretPolicy === 'generate' ? generateSecret(signatures, random) : undefined;
    return secret === undefined ? [] : [secret];
  }

  #toEndpoint({ record, lane }: StoredEndpoint): Endpoint {
    const { paused, blockedUntil, succeeded, failed, lastTriggeredAt } = lane;
    const view = toEndpointView(record, this.#options.defaults.signatures);
    return { ...view, paused, blockedUntil, succeeded, failed, lastTriggeredAt };
  }
}
