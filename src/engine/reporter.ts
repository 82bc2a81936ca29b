/**
 * Tells the host what happened: one lifecycle event and one log line per change, after its write. Payloads are built
 * only when somebody listens. Nothing here can hurt the engine.
 */
import type { AlertKind, Measured } from '../core/alerts.ts';
import type { Delivery, DiscardReason } from '../core/delivery.ts';
import { describeDiscard, type DiscardContext } from '../core/describe-discard.ts';
import type { EndpointRecord } from '../core/endpoint.ts';
import type { Message } from '../core/message.ts';
import type { SwitchState } from '../core/switch-state.ts';
import { type AttemptOutcome, reasonOf, responseOf } from '../core/outcome.ts';
import type {
  DeliveryEventBase,
  EndpointRef,
  LifecycleEventName,
  LifecycleEvents,
} from '../lifecycle-events.ts';
import type { NewDelivery, NewMessage } from '../store/store.ts';
import { messageOf, pickMessage, toMessageRef } from './message-refs.ts';
import type { Settled } from './concluded-attempt.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import { describeFilterFunctions } from './named-function.ts';
import { type DispatcherFailed, FaultReports } from './fault-reports.ts';
import { EndpointReporter } from './endpoint-reporter.ts';

/** Knows how to call an endpoint. */
export interface EndpointNames {
  refOf(endpointId: string): EndpointRef;
  get(endpointId: string): Pick<EndpointRuntime, 'filter' | 'record'> | undefined;
}

export class Reporter extends EndpointReporter {
  readonly #faults = new FaultReports();

  stored(message: NewMessage, deliveries: readonly NewDelivery[], names: EndpointNames): void {
    this.emit('message.accepted', () => ({
      at: this.clock.now(),
      message: toMessageRef(message),
      deliveries: deliveries.length,
    }));
    this.log('debug', () => [
      { messageId: message.id, type: message.type, tenant: message.tenant, deliveries: deliveries.length },
      'message accepted',
    ]);
    for (const delivery of deliveries) {
      if (delivery.state === 'discarded')
        this.discarded(
          delivery.id,
          message,
          names.refOf(delivery.endpointId),
          delivery.reason as DiscardReason,
          { record: names.get(delivery.endpointId)?.record },
        );
      if (delivery.state === 'failed')
        this.#failed(
          delivery.id,
          message,
          names.refOf(delivery.endpointId),
          delivery.reason!,
          `${describeFilterFunctions(names.get(delivery.endpointId)?.filter)} threw`,
        );
    }
  }

  settled(settled: Settled): void {
    const { result, delivery, runtime, transition, outcome } = settled;
    if (result.kind === 'lost') {
      this.log('warn', () => [
        { deliveryId: delivery.id, endpointId: delivery.endpointId },
        'lease lost: another process has this delivery; its outcome here is dropped',
      ]);
      return;
    }
    if (outcome.kind === 'dispatcher_failed') this.#reportFault(settled, outcome);
    const detail = outcome.kind === 'delivered' ? '' : outcome.detail;
    switch (result.state) {
      case 'succeeded':
        this.emit('delivery.succeeded', () => this.#base(settled, true, 'delivered'));
        return this.log('info', () => [this.#fields(settled), 'webhook delivered']);
      case 'exhausted':
        this.emit('delivery.exhausted', () => ({
          ...this.#base(settled, true, 'endpoint_failed'),
          reason: reasonOf(outcome) ?? 'transport_failed',
          detail,
        }));
        return this.log('warn', () => [
          { ...this.#fields(settled), detail },
          'webhook exhausted: no further attempt',
        ]);
      case 'discarded':
        return this.discarded(delivery.id, delivery.message, runtime.ref, result.reason as DiscardReason, {
          record: runtime.record,
          outcome,
        });
      case 'failed':
        return this.#failed(delivery.id, delivery.message, runtime.ref, result.reason!, detail);
      case 'scheduled':
        if (outcome.kind === 'interrupted' || outcome.kind === 'delivered') return;
        this.emit('delivery.retrying', () => ({
          ...this.#base(settled, false, outcome.kind),
          reason: outcome.reason,
          detail,
          delayMs: transition.delayMs,
        }));
        return this.log('warn', () => [
          { ...this.#fields(settled), detail, delayMs: transition.delayMs },
          'webhook attempt failed, retry scheduled',
        ]);
      case 'sending':
        return;
    }
  }

  #reportFault(settled: Settled, outcome: DispatcherFailed): void {
    const fault = this.#faults.note(settled, outcome, this.clock.elapsed());
    if (fault !== undefined) this.error(fault, 'send');
  }

  /** A lease ran out without a settle: its process died, or was blocked for too long. */
  rescued(delivery: Delivery, ref: EndpointRef): void {
    this.log('warn', () => [
      { deliveryId: delivery.id, endpointId: delivery.endpointId, rescues: delivery.rescues },
      'expired lease rescued',
    ]);
    // It was called off while it was sent.
    this.rescheduled(delivery, ref);
    if (delivery.state === 'failed')
      this.#failed(
        delivery.id,
        messageOf(delivery),
        ref,
        delivery.reason!,
        `its lease expired ${delivery.rescues} times: sending it may crash the process`,
      );
  }

  rescheduled(delivery: Delivery, ref: EndpointRef, record?: EndpointRecord): void {
    if (delivery.state === 'discarded')
      this.discarded(delivery.id, messageOf(delivery), ref, delivery.reason as DiscardReason, { record });
  }

  discarded(
    deliveryId: string,
    message: Pick<Message, 'id' | 'type' | 'tenant'>,
    endpoint: EndpointRef,
    reason: DiscardReason,
    context: DiscardContext = {},
  ): void {
    this.emit('delivery.discarded', () => ({
      at: this.clock.now(),
      deliveryId,
      message: pickMessage(message),
      endpoint,
      final: true,
      reason,
      detail: describeDiscard(reason, context),
    }));
    this.log('info', () => [
      { deliveryId, endpointId: endpoint.id, reason, detail: describeDiscard(reason, context) },
      'webhook discarded',
    ]);
  }

  /** Everything was paused, or resumed, here or by another process. */
  switched(state: SwitchState): void {
    const at = this.clock.now();
    if (state === undefined) this.emit('dispatcher.resumed', () => ({ at }));
    else this.emit('dispatcher.paused', () => ({ at, whilePaused: state.whilePaused }));
    this.log('warn', () => [{ ...state }, state === undefined ? 'dispatcher resumed' : 'dispatcher paused']);
  }

  alert(
    name: 'alert.raised' | 'alert.cleared',
    alert: AlertKind,
    { value, threshold }: Measured,
    detail: string,
  ): void {
    this.emit(name, () => ({ at: this.clock.now(), alert, value, threshold, detail }));
    this.log('warn', () => [{ alert, value, threshold }, `${name.replace('.', ' ')}: ${detail}`]);
  }

  /** A replay has begun, gone on or ended. */
  replay<Name extends LifecycleEventName & `replay.${string}`>(
    name: Name,
    build: (at: number) => LifecycleEvents[Name],
  ): void {
    this.emit(name, () => build(this.clock.now()));
    this.log('info', () => [build(this.clock.now()), name.replace('.', ' ')]);
  }

  #failed(
    deliveryId: string,
    message: Pick<Message, 'id' | 'type' | 'tenant'>,
    endpoint: EndpointRef,
    reason: NonNullable<Delivery['reason']>,
    detail: string,
  ): void {
    this.emit('delivery.failed', () => ({
      at: this.clock.now(),
      deliveryId,
      message: pickMessage(message),
      endpoint,
      final: true,
      reason,
      detail,
    }));
    this.log('error', () => [
      { deliveryId, endpointId: endpoint.id, reason, detail },
      'webhook failed: the dispatcher could not send it',
    ]);
  }

  /** With `final` in it from the start: for what happens to every message, a spread more would show. */
  #base<Final extends boolean, Kind extends AttemptOutcome>(
    settled: Settled,
    final: Final,
    kind: Kind,
  ): DeliveryEventBase & { readonly final: Final; readonly outcome: Kind } {
    const { delivery, runtime, outcome, durationMs } = settled;
    return {
      at: this.clock.now(),
      deliveryId: delivery.id,
      message: toMessageRef(delivery.message),
      endpoint: runtime.ref,
      attempt: delivery.attempts,
      attemptInRun: delivery.attempts - delivery.attemptsBeforeRun,
      maxAttempts: delivery.message.test ? 1 : runtime.maxAttempts,
      outcome: kind,
      status: responseOf(outcome)?.status,
      durationMs,
      test: delivery.message.test,
      final,
    };
  }

  #fields(settled: Settled): object {
    const { message, endpoint, final: _final, ...rest } = this.#base(settled, true, settled.outcome.kind);
    return {
      ...rest,
      messageId: message.id,
      type: message.type,
      tenant: message.tenant,
      endpointId: endpoint.id,
    };
  }
}
