/** From a message to its deliveries: which endpoints get it, and which of them cannot. */
import type { FilterInput } from '../core/compile-filter.ts';
import type { DiscardReason } from '../core/delivery.ts';
import { createOrderedId } from '../core/id.ts';
import type { JsonValue } from '../core/json.ts';
import type { Message } from '../core/message.ts';
import { matchesPattern } from '../core/pattern.ts';
import { NotFoundError } from '../errors.ts';
import type { EndpointRecord } from '../core/endpoint.ts';
import type { NewDelivery } from '../store/store.ts';
import type { Directory } from './directory.ts';
import type { EngineContext } from './engine-context.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';
import { filterOf } from './named-function.ts';
import type { Recipient } from './recipients.ts';
import type { Switch } from './switch.ts';

export interface MatcherOptions extends Pick<EngineContext, 'clock' | 'random' | 'reporter'> {
  readonly directory: Directory;
  readonly switch: Pick<Switch, 'discards'>;
}

/** What a message with named recipients is stored with. */
interface Addressed {
  readonly deliveries: readonly NewDelivery[];
  readonly hiddenEndpoints: readonly EndpointRecord[];
}

/** Who wants a message now. */
export interface MatchSurvey {
  /** Disabled ones included. */
  readonly matched: readonly EndpointRuntime[];
  /** Endpoints whose filter threw, or needs a function that is not registered here. */
  readonly failed: readonly { readonly runtime: EndpointRuntime; readonly error: unknown }[];
}

const NO_DELIVERIES: readonly NewDelivery[] = [];

export class Matcher {
  readonly #options: MatcherOptions;

  constructor(options: MatcherOptions) {
    this.#options = options;
  }

  /**
   * Deliveries of a message by patterns and filters. `undefined` when an endpoint that may want it has a filter that is
   * not registered in this process, or cannot be read here: the message is left to a process that knows it.
   */
  match(message: Message): readonly NewDelivery[] | undefined {
    if (this.#options.directory.hasUnreadable) return undefined;
    const failed: EndpointRuntime[] = [];
    const input = (): FilterInput => filterInputOf(message);
    const matched = this.#options.directory.match(message.type, message.tenant, input, (runtime, error) => {
      failed.push(runtime);
      this.#options.reporter.functionFailed(error, filterOf(runtime));
    });
    if (matched.length === 0 && failed.length === 0) return NO_DELIVERIES;
    if (failed.some((runtime) => runtime.filter?.missing !== undefined)) return undefined;
    const deliveries = matched.map((runtime) => this.create(message, runtime));
    for (const runtime of failed)
      deliveries.push({ ...this.create(message, runtime), state: 'failed', reason: 'function_failed' });
    return deliveries;
  }

  /**
   * The matched part of a message for recipients that were named, whatever they subscribe to; one delivery each.
   *
   * @throws NotFoundError for an id that is unknown or belongs to another tenant
   */
  address(message: Message, recipients: readonly Recipient[]): Addressed {
    const byId = new Map<string, EndpointRuntime>();
    for (const recipient of recipients) {
      const runtime = this.#find(message, recipient);
      byId.set(runtime.record.id, runtime);
    }
    const runtimes = [...byId.values()];
    return {
      deliveries: runtimes.map((runtime) => this.create(message, runtime)),
      hiddenEndpoints: runtimes.flatMap(({ record }) => (record.hidden === true ? [record] : [])),
    };
  }

  #find(message: Message, recipient: Recipient): EndpointRuntime {
    if (typeof recipient !== 'string') return recipient;
    const runtime = this.#options.directory.get(recipient);
    if (runtime === undefined || runtime.record.tenant !== message.tenant)
      throw new NotFoundError('endpoint', recipient);
    return runtime;
  }

  /**
   * Who wants a message now; reports nothing and makes nothing.
   *
   * @param only looks at this endpoint alone
   */
  survey(message: Message, only?: EndpointRuntime): MatchSurvey {
    const failed: { runtime: EndpointRuntime; error: unknown }[] = [];
    const input = (): FilterInput => filterInputOf(message);
    if (only === undefined) {
      const onError = (runtime: EndpointRuntime, error: unknown): void =>
        void failed.push({ runtime, error });
      const matched = this.#options.directory.match(message.type, message.tenant, input, onError);
      return { matched, failed };
    }
    const { tenant, events } = only.record;
    if (tenant !== message.tenant || !events.some((pattern) => matchesPattern(pattern, message.type)))
      return { matched: [], failed };
    try {
      const isWanted = only.filter === undefined || only.filter.matches(input());
      return { matched: isWanted ? [only] : [], failed };
    } catch (error) {
      return { matched: [], failed: [{ runtime: only, error }] };
    }
  }

  /** What a message owes an endpoint. */
  create(message: Message, runtime: EndpointRuntime): NewDelivery {
    const isEnabled = runtime.record.status === 'enabled';
    const reason = isEnabled ? this.#discardReason : 'endpoint_disabled';
    return {
      id: createOrderedId('dlv_', this.#options.clock.now(), this.#options.random),
      endpointId: runtime.record.id,
      laneId: runtime.laneId,
      state: reason === undefined ? 'scheduled' : 'discarded',
      reason,
      lease: undefined,
      orderingKey: orderingKeyOf(message, runtime),
    };
  }

  /** Why deliveries made now are not to be sent, though their endpoint is enabled. */
  get #discardReason(): DiscardReason | undefined {
    return this.#options.switch.discards ? 'dispatcher_paused' : undefined;
  }
}

function filterInputOf({ type, tenant, dataJson, metadata }: Message): FilterInput {
  return { type, tenant, data: JSON.parse(dataJson) as JsonValue, metadata };
}

/** One key for all messages, the message's own, or none. */
function orderingKeyOf(message: Message, runtime: EndpointRuntime): string | undefined {
  switch (runtime.settings.ordering) {
    case 'fifo':
      return '';
    case 'key':
      return message.orderingKey;
    case 'none':
      return undefined;
  }
}
