/**
 * Lifecycle events as messages, to endpoints of the same tenant that subscribe to them. No endpoint is told about itself, and no event is about the delivery of
 * such a message, or about a block, failing or recovery that came of one: so nothing goes in circles.
 */
import {
  isOwn,
  OPERATIONAL_EVENTS,
  type OperationalEventName,
  operationalType,
} from '../core/operational-event.ts';
import { detailForOwner } from '../core/owner-detail.ts';
import type { LifecycleEvents } from '../lifecycle-events.ts';
import type { Engine } from './engine.ts';
import type { LifecycleEmitter } from './lifecycle-emitter.ts';
import type { MessageFactory } from './message-factory.ts';
import type { Reporter } from './reporter.ts';

export interface OperationalWebhooksOptions {
  readonly emitter: LifecycleEmitter;
  readonly factory: MessageFactory;
  readonly reporter: Reporter;
  /** Undefined before the start; nothing has happened then. */
  readonly engine: () => Engine | undefined;
}

type OperationalEvent = LifecycleEvents[OperationalEventName];

/** Endpoints of strangers get these. */
function forOwner(event: OperationalEvent): OperationalEvent | Omit<OperationalEvent, 'detail'> {
  if (!('reason' in event) || !('detail' in event)) return event;
  const { detail, ...rest } = event;
  return detailForOwner(event.reason, detail) === undefined ? rest : event;
}

/** Listens for as long as the dispatcher lives. */
export function sendOperationalWebhooks({
  emitter,
  factory,
  reporter,
  engine,
}: OperationalWebhooksOptions): void {
  const send = async (name: OperationalEventName, event: OperationalEvent): Promise<void> => {
    if (('message' in event && isOwn(event.message.type)) || reporter.isOfOwn(event)) return;
    const running = engine();
    if (running === undefined) return;
    const { at, ...data } = forOwner(event);
    const tenant = 'message' in event ? event.message.tenant : event.tenant;
    try {
      await running.intake.emitOwn(
        factory.createOwn(operationalType(name), data, tenant, at),
        event.endpoint.id,
      );
    } catch (error) {
      reporter.error(error, `store the operational webhook ${name} about endpoint ${event.endpoint.id}`);
    }
  };
  for (const name of OPERATIONAL_EVENTS)
    emitter.on(name, (event) => void send(name, event as OperationalEvent));
}
