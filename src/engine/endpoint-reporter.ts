/** Tells the host what became of endpoints: the part of the reporter that is about them. */
import type { DisabledReason, EndpointRecord } from '../core/endpoint.ts';
import { isOwn } from '../core/operational-event.ts';
import { nextCheckAt, type VerificationVerdict } from '../core/verification.ts';
import type { EndpointRef } from '../lifecycle-events.ts';
import type { BlockReason } from '../store/store.ts';
import type { Settled } from './concluded-attempt.ts';
import { TroubleReporter } from './trouble-reporter.ts';

/** The attempt that led to something about its endpoint. */
export type EndpointCause = Pick<Settled, 'runtime' | 'delivery'>;

export class EndpointReporter extends TroubleReporter {
  readonly #ofOwn = new WeakSet();

  endpoint(
    name: `endpoint.${'created' | 'updated' | 'removed' | 'paused' | 'resumed'}`,
    endpoint: EndpointRef,
    tenant: string,
  ): void {
    this.emit(name, () => ({ at: this.clock.now(), endpoint, tenant }));
    this.log('info', () => [{ endpointId: endpoint.id, url: endpoint.url, tenant }, name.replace('.', ' ')]);
  }

  endpointDisabled(endpoint: EndpointRef, tenant: string, reason: DisabledReason): void {
    this.emit('endpoint.disabled', () => ({ at: this.clock.now(), endpoint, tenant, reason }));
    this.log('warn', () => [
      { endpointId: endpoint.id, url: endpoint.url, tenant, reason },
      'endpoint disabled',
    ]);
  }

  /** Whether it was the delivery of an operational webhook that led to an event. */
  isOfOwn(event: object): boolean {
    return this.#ofOwn.has(event);
  }

  /** Nothing is sent to it for a while. */
  endpointBlocked(cause: EndpointCause, reason: BlockReason, forMs: number): void {
    const detail =
      reason === 'breaker'
        ? 'Too many attempts failed. What is for it waits, and one delivery after the other is tried until one gets through.'
        : 'It asked for a pause by Retry-After. What is for it waits until then.';
    this.emit('endpoint.blocked', () => this.#aboutEndpoint(cause, { reason, forMs, detail }));
    this.#logOf('warn', cause, { reason, forMs }, 'endpoint blocked');
  }

  /** A probe got through. */
  endpointUnblocked(cause: EndpointCause): void {
    this.emit('endpoint.unblocked', () => this.#aboutEndpoint(cause, {}));
    this.#logOf('info', cause, {}, 'endpoint unblocked');
  }

  /** Nothing but failures come from it; `cause` is the latest. */
  endpointFailing(cause: EndpointCause, failingSince: number, consecutiveFailures: number): void {
    const streak = { failingSince, consecutiveFailures };
    this.emit('endpoint.failing', () => this.#aboutEndpoint(cause, streak));
    this.#logOf('warn', cause, streak, 'endpoint failing: nothing was delivered to it for a while');
  }

  endpointRecovered(cause: EndpointCause): void {
    this.emit('endpoint.recovered', () => this.#aboutEndpoint(cause, {}));
    this.#logOf('info', cause, {}, 'endpoint recovered');
  }

  /** One that a delivery of an operational webhook led to is not to become another one. */
  #aboutEndpoint<Members extends object>(
    { runtime, delivery }: EndpointCause,
    members: Members,
  ): { readonly at: number; readonly endpoint: EndpointRef; readonly tenant: string } & Members {
    const event = {
      at: this.clock.now(),
      endpoint: runtime.ref,
      tenant: runtime.record.tenant,
      ...members,
    };
    if (isOwn(delivery.message.type)) this.#ofOwn.add(event);
    return event;
  }

  #logOf(level: 'info' | 'warn', { runtime }: EndpointCause, fields: object, message: string): void {
    const { ref, record } = runtime;
    this.log(level, () => [{ endpointId: ref.id, url: ref.url, tenant: record.tenant, ...fields }, message]);
  }

  /** An endpoint has proved itself, or has not. */
  verification(endpoint: EndpointRef, record: EndpointRecord, verdict: VerificationVerdict): void {
    const { id: endpointId, url } = endpoint;
    const { tenant, verification: kind } = record;
    if (kind === undefined || kind === false) return;
    const at = this.clock.now();
    const base = { at, endpoint, tenant, verification: kind };
    if (verdict.verified) {
      this.emit('endpoint.verified', () => base);
      return this.log('info', () => [{ endpointId, url, tenant }, 'endpoint verified']);
    }
    const { reason, detail, status } = verdict;
    const next = nextCheckAt(record);
    const event = { ...base, reason, detail, status, final: next === undefined, nextCheckAt: next };
    this.emit('endpoint.verification_failed', () => event);
    this.log('warn', () => [
      { endpointId, url, tenant, reason, detail, status, nextCheckAt: next },
      'endpoint not verified',
    ]);
  }
}
