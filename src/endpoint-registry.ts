/** `dispatcher.endpoints` at work: checks what callers give, and asks the engine. */
import { z } from 'zod';
import type { Random } from './clock.ts';
import type { EndpointInput, EndpointUpdate } from './core/endpoint-input.ts';
import {
  createEndpointRecord,
  type RecordSurroundings,
  updateEndpointRecord,
} from './core/endpoint-record.ts';
import type { EndpointRecord } from './core/endpoint.ts';
import { type EndpointView, toEndpointView } from './core/endpoint-view.ts';
import { expectId } from './core/expect-value.ts';
import { createId } from './core/id.ts';
import { reasonOf, responseOf } from './core/outcome.ts';
import { describeSigning } from './core/rotate-secrets.ts';
import { generateSecret, publicKeyOf, shortSecretWarning } from './core/secret.ts';
import { isSigning, type SignatureSetting } from './core/signature.ts';
import { OptionsError } from './errors.ts';
import type {
  CreatedEndpoint,
  Endpoint,
  Endpoints,
  EndpointTestResult,
  EndpointVerification,
  ListEndpointsRequest,
  RotatedSecret,
  UpdateOptions,
} from './endpoints.ts';
import type { EndpointAdmin } from './engine/endpoint-admin.ts';
import type { Engine } from './engine/engine.ts';
import type { EndpointCompiler } from './engine/endpoint-runtime.ts';
import type { NewMessage, Page, StoredEndpoint } from './store/store.ts';
import { DEFAULT_PAGE_LIMIT, pageShape, parseListRequest } from './page-request.ts';
import { parseRotation, rotateSecret, type RotateSecretOptions } from './secret-rotation.ts';

export interface EndpointsOptions extends RecordSurroundings {
  readonly engine: () => Promise<Pick<Engine, 'endpoints' | 'tests' | 'verifier'>>;
  readonly compiler: EndpointCompiler;
  readonly random: Random;
  readonly secretPolicy: 'generate' | 'optional';
  readonly secretGraceMs: number;
  /** A line for the log of the host. */
  readonly warn: (message: string) => void;
  readonly createTestMessage: (endpoint: EndpointView) => NewMessage;
  /** How generated ids begin. */
  readonly idPrefix: string;
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
    const { compiler, random, idPrefix } = this.#options;
    const record = createEndpointRecord(input, this.#options, {
      id: () => createId(idPrefix, random),
      secrets: (signatures) => this.#generateSecrets(signatures),
    });
    this.#options.checkEvents(record.events);
    compiler.check(record);
    this.#warnOfShortSecrets(record);
    const stored = await (await this.#admin()).create(record);
    const endpoint = this.#toEndpoint(stored);
    return {
      ...endpoint,
      secret: record.secrets[0]?.value,
      publicKey: endpoint.secrets[0]?.publicKey,
    };
  }

  async get(id: string): Promise<Endpoint> {
    expectId(id, 'endpoint');
    return this.#toEndpoint(await (await this.#admin()).get(id));
  }

  async list(request: ListEndpointsRequest = {}): Promise<Page<Endpoint>> {
    const { tenant, cursor, limit } = parseListRequest(listSchema, request);
    const page = await (await this.#admin()).list({ tenant, cursor, limit: limit ?? DEFAULT_PAGE_LIMIT });
    return { items: page.items.map((item) => this.#toEndpoint(item)), nextCursor: page.nextCursor };
  }

  async update(id: string, changes: EndpointUpdate, options: UpdateOptions = {}): Promise<Endpoint> {
    expectId(id, 'endpoint');
    const { revision } = parseListRequest(updateSchema, options);
    const { compiler } = this.#options;
    const admin = await this.#admin();
    const stored = await admin.update(
      id,
      (record) => {
        const next = updateEndpointRecord(record, changes, this.#options);
        this.#checkStillSigned(record, next);
        this.#options.checkEvents(next.events, record.events);
        compiler.checkChange(record, next);
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
      admin: await this.#admin(),
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
    await (await this.#admin()).remove(id);
  }

  async pause(id: string): Promise<void> {
    expectId(id, 'endpoint');
    await (await this.#admin()).pause(id);
  }

  async resume(id: string): Promise<void> {
    expectId(id, 'endpoint');
    await (await this.#admin()).resume(id);
  }

  async test(id: string): Promise<EndpointTestResult> {
    expectId(id, 'endpoint');
    const { endpoints, tests } = await this.#options.engine();
    const { record } = await endpoints.get(id);
    const message = this.#options.createTestMessage(
      toEndpointView(record, this.#options.defaults.signatures),
    );
    const { outcome, delivery, durationMs } = await tests.test(id, message);
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

  async verify(id: string): Promise<EndpointVerification> {
    expectId(id, 'endpoint');
    const { endpoints, verifier } = await this.#options.engine();
    const { verdict, durationMs } = await verifier.verify(id);
    const { verified, status } = verdict;
    return {
      verified,
      reason: verdict.verified ? undefined : verdict.reason,
      detail: verdict.verified ? undefined : verdict.detail,
      status,
      durationMs,
      endpoint: this.#toEndpoint(await endpoints.get(id)),
    };
  }

  async #admin(): Promise<EndpointAdmin> {
    return (await this.#options.engine()).endpoints;
  }

  /** Where secrets are the rule, an endpoint does not become an unsigned one by the way. */
  #checkStillSigned(before: EndpointRecord, after: EndpointRecord): void {
    const { secretPolicy, defaults } = this.#options;
    const signs = (record: EndpointRecord): boolean => isSigning(record.signatures ?? defaults.signatures);
    if (secretPolicy !== 'generate' || after.secrets.length > 0 || !signs(after)) return;
    // One that has been like this since another policy stays as it is.
    if (before.secrets.length === 0 && signs(before)) return;
    throw new OptionsError(
      'endpoint.secret',
      "endpoint.secret: expected a secret, because requests would go out unsigned without. Give one, set signatures: ['none'], " +
        "or create the dispatcher with secretPolicy: 'optional'.",
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
    const { trips, ...standing } = lane;
    const view = toEndpointView(record, this.#options.defaults.signatures);
    return { ...view, ...standing, breakerOpen: trips > 0 };
  }
}
