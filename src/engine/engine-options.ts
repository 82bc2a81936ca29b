import type { Clock, Random } from '../clock.ts';
import type { EndpointRecord, RateLimit, ResolvedDeliverySettings } from '../core/endpoint.ts';
import type { Message } from '../core/message.ts';
import type { TransitionLimits } from '../core/transition.ts';
import type { Retention, Store } from '../store/store.ts';
import type { Transport } from '../transport/transport.ts';
import type { AlertsOptions } from './alerts.ts';
import type { Destinations } from './destinations.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import type { Reporter } from './reporter.ts';

/** All that the engine is given. */
export interface EngineOptions {
  readonly store: Store;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly reporter: Reporter;
  readonly compile: (record: EndpointRecord) => EndpointRuntime;
  readonly destinations: Destinations;
  readonly runtimeOfRemoved: (endpointId: string) => EndpointRuntime;
  readonly deliver: boolean;
  readonly maxConcurrency: number;
  readonly maxResponseBodyBytes: number;
  readonly idempotencyWindowMs: number;
  readonly emitTimeoutMs: number;
  readonly maxTokens: number;
  readonly tokenMarginMs: number;
  readonly tokenLifetimeMs: number;
  readonly leaseMs: number;
  readonly pollIntervalMs: number;
  readonly notifiedSleepMs: number;
  readonly unsharedSleepMs: number;
  readonly flushTimeoutMs: number;
  readonly retention: Retention;
  readonly limits: TransitionLimits;
  readonly pruneIntervalMs: number;
  readonly pruneBudgetMs: number;
  readonly alerts: AlertsOptions['alerts'];
  readonly alertIntervalMs: number;
  readonly maxVerifications: number;
  readonly maxVerificationsPerTenant: number;
  readonly verificationDelaysMs: readonly number[];
  readonly handshakeOrigin: string | undefined;
  readonly createOwnMessage: (type: string, data: object, tenant: string) => Message;
  readonly maxRate: RateLimit | undefined;
  readonly maxEndpointsPerTenant: number;
  /** Settings of endpoints that have none of their own. */
  readonly delivery: ResolvedDeliverySettings;
}
