/**
 * Which connection carries a request. undici does not say: its errors name a socket or not, depending on how it ended,
 * and never whether it was reused. So each of its clients, which have one connection at a time, is given its own connector.
 */
import type { Socket } from 'node:net';
import type { buildConnector, Client, Dispatcher, Pool } from 'undici';
import type { Undici } from './load-undici.ts';

/** An undici client: the owner of one connection, over which requests go one after the other. */
export interface Carrier {
  /** The last connection that was made, open or not. */
  readonly socket: Socket | undefined;
}

/** Dispatch options that want to know who carries them. */
export interface Carried {
  /** Called when the request was given to a client, before it is written. */
  onAssigned(carrier: Carrier): void;
}

/** The `factory` of an Agent whose clients tell requests who carries them. */
export function createCarrierFactory(
  undici: Undici,
  connect: buildConnector.connector,
): (origin: string | URL, options: object) => Dispatcher {
  class CarrierClient extends undici.Client implements Carrier {
    socket: Socket | undefined = undefined;

    constructor(origin: URL, options: Client.Options) {
      super(origin, {
        ...options,
        connect: (parameters, callback) =>
          connect(parameters, (...[error, socket]) => {
            if (error !== null) return callback(error, null);
            this.socket = socket;
            callback(null, socket);
          }),
      });
    }

    override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      (options as Partial<Carried>).onAssigned?.(this);
      return super.dispatch(options, handler);
    }
  }
  return (origin, options) =>
    new undici.Pool(origin, {
      ...(options as Pool.Options),
      factory: (to, settings) => new CarrierClient(to, settings),
    });
}
