/** The parts of a dispatcher and how they hang together. Store and transport are chosen by who calls. */
import type { Endpoints } from './endpoints.ts';
import { createEndpoints } from './endpoint-registry.ts';
import { Destinations } from './engine/destinations.ts';
import { derivePublicKey } from './engine/ed25519.ts';
import { createEndpointCompiler } from './engine/endpoint-runtime.ts';
import { Engine } from './engine/engine.ts';
import { EventChecker } from './engine/event-checker.ts';
import { LifecycleEmitter } from './engine/lifecycle-emitter.ts';
import { MessageFactory } from './engine/message-factory.ts';
import { sendOperationalWebhooks } from './engine/operational-webhooks.ts';
import { Reporter } from './engine/reporter.ts';
import { EmitPath } from './emit-path.ts';
import { EngineHost } from './engine-host.ts';
import { Outbox } from './outbox.ts';
import { DEFAULTS } from './options.ts';
import type { ResolvedOptions } from './resolve-options.ts';
import { createDeliveries, createMessages, type Deliveries, type Messages } from './records.ts';
import { Sources, type SourcesOptions } from './sources.ts';
import type { Store } from './store/store.ts';
import type { Transport } from './transport/transport.ts';

export interface DispatcherParts {
  readonly emitter: LifecycleEmitter;
  readonly reporter: Reporter;
  readonly host: EngineHost;
  readonly emitPath: EmitPath;
  readonly outbox: Outbox;
  /** Undefined without an event catalog. */
  readonly checker: EventChecker | undefined;
  readonly endpoints: Endpoints;
  readonly messages: Messages;
  readonly deliveries: Deliveries;
  readonly sources: Sources;
  readonly store: Store;
  readonly transport: Transport;
}

/** What the parts are put together with. */
export interface PartsSurroundings extends Pick<SourcesOptions, 'emit'> {
  readonly store: Store;
  readonly transport: Transport;
}

/** Puts the parts together; starts nothing. */
export function createDispatcherParts(
  options: ResolvedOptions,
  { store, transport, emit }: PartsSurroundings,
): DispatcherParts {
  const { clock, random, logger, functions, delivery: defaults, events } = options;
  const emitter = new LifecycleEmitter((error, event) => reporter.listenerFailed(error, event === 'error'));
  const reporter: Reporter = new Reporter({ emitter, logger, clock });
  const warn = (message: string): void => reporter.warn(message);
  const onTraceError = (error: unknown): void => reporter.functionFailed(error, 'The option traceContext');
  const factory = new MessageFactory({ ...options, onTraceError });
  const checker = events === undefined ? undefined : new EventChecker({ catalog: events, warn });
  const compiler = createEndpointCompiler({ ...options, defaults, whole: DEFAULTS });
  const surroundings = { functions, clock, defaults, derivePublicKey, compiler, warn };
  const destinations = new Destinations({ ...surroundings, maxDestinations: DEFAULTS.maxDestinations });
  const { maxRescues, maxFaults, maxProxyFaults, faultDelayMs, maxFaultDelayMs } = DEFAULTS;
  const context = { ...DEFAULTS, ...options, store, transport, reporter };
  const createEngine = (): Engine =>
    new Engine({
      ...context,
      destinations,
      compile: compiler.compile,
      runtimeOfRemoved: compiler.standIn,
      createOwnMessage: (type, data, tenant) => factory.createOwn(type, data, tenant, clock.now()),
      limits: { maxRescues, maxFaults, maxProxyFaults, faultDelayMs, maxFaultDelayMs },
    });
  const host = new EngineHost({ ...context, createEngine });
  sendOperationalWebhooks({ emitter, factory, reporter, engine: () => host.engine });
  const emitPath = new EmitPath({ host, checker, factory, destinations });
  const deliveryAdmin = async (): Promise<Engine['deliveries']> =>
    (await host.ready('read the record')).deliveries;
  return {
    emitter,
    reporter,
    host,
    emitPath,
    outbox: new Outbox({ store, host, emitPath, idempotencyWindowMs: options.idempotencyWindowMs }),
    checker,
    endpoints: createEndpoints({
      ...surroundings,
      random,
      secretPolicy: options.secretPolicy,
      secretGraceMs: DEFAULTS.secretGraceMs,
      engine: () => host.ready('use endpoints'),
      createTestMessage: (endpoint) => factory.createTest(endpoint),
      idPrefix: options.ids.endpoint,
      checkEvents: (patterns, known = []) => checker?.checkPatterns(patterns, known),
    }),
    messages: createMessages(deliveryAdmin),
    deliveries: createDeliveries(deliveryAdmin),
    sources: new Sources({
      emit,
      reporter,
      eventAdapter: options.eventAdapter,
      checkTypes: (patterns) => checker?.checkPatterns(patterns, [], 'events'),
      maxPending: DEFAULTS.maxPending,
    }),
    store,
    transport,
  };
}
