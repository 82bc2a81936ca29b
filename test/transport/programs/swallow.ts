import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from '../../../src/clock.ts';
import { createAddressPolicy } from '../../../src/core/address-policy.ts';
import { createFaultReceiver } from '../../../src/listener/fault-receiver.ts';
import type { FaultName } from '../../../src/listener/faults.ts';
import { kyTransport } from '../../../src/transport/ky-transport.ts';
import type { Transport, TransportResult } from '../../../src/transport/transport.ts';
import { undiciTransport } from '../../../src/transport/undici-transport.ts';

const TRANSPORTS = { undici: undiciTransport, ky: kyTransport };
const MIB = 1024 * 1024;
/** By then everything is loaded and compiled, and pools have their size. */
const WARM_UP_BYTES = 40 * MIB;

/** What it cost to have bytes sent at a transport. */
export interface Swallowed {
  readonly sentBytes: number;
  /** Growth of the memory of this process since the beginning, at its highest. */
  readonly grownBytes: number;
  readonly responses: number;
  readonly failures: number;
}

/** Lets a receiver send `bytes` at a transport, in as many attempts as it takes. Alone in its process. */
export async function swallow(
  name: keyof typeof TRANSPORTS,
  fault: FaultName,
  bytes: number,
): Promise<Swallowed> {
  const receiver = await createFaultReceiver({ fault });
  const transport = TRANSPORTS[name]();
  await transport.open({
    addressPolicy: createAddressPolicy({ allowPrivate: ['127.0.0.0/8'] }),
    maxConnections: 4,
    lookup: undefined,
    connectTimeoutMs: 10_000,
    resendWithinMs: 1_000,
    clock: systemClock,
  });
  const counts = { response: 0, failure: 0, fault: 0 };
  let before = 0;
  let highest = 0;
  while (receiver.bytesSent < WARM_UP_BYTES + bytes) {
    const enough = receiver.bytesSent < WARM_UP_BYTES ? WARM_UP_BYTES : WARM_UP_BYTES + bytes;
    const exchange = send(transport, receiver.url);
    for (let turn = 0; exchange.result === undefined && receiver.bytesSent < enough; turn += 1) {
      await nextTurn();
      if (turn % 64 === 0) highest = Math.max(highest, process.memoryUsage.rss());
    }
    exchange.abort();
    counts[exchange.result!.kind] += 1;
    if (before === 0 && receiver.bytesSent >= WARM_UP_BYTES) before = highest = process.memoryUsage.rss();
    highest = Math.max(highest, process.memoryUsage.rss());
  }
  const sentBytes = receiver.bytesSent - WARM_UP_BYTES;
  await transport.close();
  await receiver.close();
  return { sentBytes, grownBytes: highest - before, responses: counts.response, failures: counts.failure };
}

function send(transport: Transport, href: string): { result: TransportResult | undefined; abort(): void } {
  const state: { result: TransportResult | undefined } = { result: undefined };
  const request = {
    target: { origin: new URL(href).origin, path: '/', href },
    headers: ['content-type', 'application/json'],
    body: new TextEncoder().encode('{}'),
    maxBodyBytes: 16 * 1024,
  };
  const exchange = transport.send(request, (result) => (state.result = result));
  return Object.assign(state, { abort: () => exchange.abort('timeout') });
}
