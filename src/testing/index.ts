/**
 * Posthorn's test kit: a manual clock, a recording receiver, both with a dispatcher in one harness, and the suites that
 * every store and transport must pass. For tests only; nothing in `posthorn` imports it.
 *
 * @module
 */
export { createHarness, type DeliveryReport, type Harness, type HarnessOptions } from './harness.ts';
export { createManualClock, type ManualClock, type ManualClockOptions } from './manual-clock.ts';
export { createFaultReceiver } from '../listener/fault-receiver.ts';
export type { FaultLookup } from '../listener/fault-names.ts';
export type { FaultReceiver, FaultReceiverOptions } from '../listener/fault-options.ts';
export { FAULT_NAMES, type FaultName } from '../listener/faults.ts';
export { createReceiver } from '../listener/recording-receiver.ts';
export type { Receiver, ReceiverOptions, RequestRecorder } from '../listener/receiver.ts';
export { RecordedRequest, type RequestRecord } from '../listener/recorded-request.ts';
export type { Verification, VerifyOptions } from '../listener/verify-request.ts';
export type { FixedReply, Reply, ReplyDetails } from '../listener/reply-script.ts';
export {
  createStoreSuite,
  type CreateStore,
  type StoreHandle,
  type StoreSuiteOptions,
} from './store-suite.ts';
export { createTransportSuite, type TransportSuiteOptions } from './transport-suite.ts';
export type { CreateTransport, SuiteCertificate } from './transport-suite/transport-world.ts';
export type { TestRunner } from './test-runner.ts';
