/** The request that lets an endpoint prove itself, made like a delivery and kept out of the record: there is no message and no attempt. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '../clock.ts';
import {
  CHALLENGE_HEADER,
  CHALLENGE_TYPE,
  type ChallengeData,
  judgeChallengeAnswer,
  MAX_CHALLENGE_ANSWER_BYTES,
} from '../core/endpoint-challenge.ts';
import type { RateLimit } from '../core/endpoint.ts';
import { createToken } from '../core/id.ts';
import type { Message } from '../core/message.ts';
import type { StoredResponse } from '../core/stored-response.ts';
import type { VerificationVerdict } from '../core/verification.ts';
import type { VerificationKind } from '../core/verification-state.ts';
import { handshakeRateHeaders, judgeHandshakeAnswer, requestedRate } from '../core/webhook-handshake.ts';
import type { LeasedDelivery } from '../store/store.ts';
import type { TransportRequest } from '../transport/transport.ts';
import { buildRequest, requirePlan } from './build-request.ts';
import type { EndpointRuntime } from './endpoint-runtime.ts';

/** What is sent, and what a success response to it means. */
export interface VerificationRequest {
  readonly runtime: EndpointRuntime;
  readonly delivery: LeasedDelivery;
  readonly build: typeof buildRequest;
  readonly judge: (response: StoredResponse) => VerificationVerdict;
}

export interface VerificationSurroundings {
  readonly random: Random;
  readonly handshakeOrigin: string | undefined;
  /** A message of our own that nobody stores. */
  readonly createOwnMessage: (type: string, data: object, tenant: string) => Message;
}

/** Bytes of an answer that are read. */
export const MAX_ANSWER_BYTES = MAX_CHALLENGE_ANSWER_BYTES;

const NO_BODY = new Uint8Array(0);

export function createVerificationRequest(
  kind: VerificationKind,
  runtime: EndpointRuntime,
  surroundings: VerificationSurroundings,
): VerificationRequest {
  const { random, handshakeOrigin = '', createOwnMessage } = surroundings;
  const { record } = runtime;
  const data: ChallengeData = { endpointId: record.id, challenge: createToken(random) };
  const delivery = deliveryOf(runtime, createOwnMessage(CHALLENGE_TYPE, data, record.tenant));
  switch (kind) {
    case 'challenge':
      return {
        runtime: asChallenged(runtime, data),
        delivery,
        build: buildRequest,
        judge: (response) => judgeChallengeAnswer(response, data.challenge, isSameText),
      };
    case 'handshake': {
      const rate = requestedRate(ownRateOf(runtime));
      return {
        runtime: withSuccess(runtime),
        delivery,
        build: (...[built, , , maxBodyBytes]) => buildHandshake(built, rate, maxBodyBytes),
        judge: (response) => judgeHandshakeAnswer(response, handshakeOrigin, rate),
      };
    }
  }
}

/** What its owner wants to be asked for, not what an earlier handshake allowed. */
function ownRateOf({ record: { rateLimit = false } }: EndpointRuntime): RateLimit | undefined {
  return rateLimit === false ? undefined : rateLimit;
}

/** Which statuses are a success for its deliveries does not matter here. */
function withSuccess(runtime: EndpointRuntime): EndpointRuntime {
  return { ...runtime, policy: { ...runtime.policy, success: ['2xx'] } };
}

/** Whatever its envelope, a challenge has one form: receivers have to know only that. */
function asChallenged(runtime: EndpointRuntime, { challenge }: ChallengeData): EndpointRuntime {
  const { request, settings } = runtime;
  return {
    ...withSuccess(runtime),
    settings: { ...settings, envelope: 'standard' },
    request: request && {
      ...request,
      envelope: undefined,
      headers: [...request.headers, CHALLENGE_HEADER, challenge],
    },
  };
}

function buildHandshake(
  runtime: EndpointRuntime,
  rate: number | undefined,
  maxBodyBytes: number,
): TransportRequest {
  const { target, tls, headers } = requirePlan(runtime);
  return {
    target,
    tls,
    method: 'OPTIONS',
    headers: [...headers, ...handshakeRateHeaders(rate)],
    body: NO_BODY,
    maxBodyBytes,
  };
}

/** The first and only attempt of a delivery that no store knows. */
function deliveryOf({ record, laneId }: EndpointRuntime, message: Message): LeasedDelivery {
  return {
    id: message.id.replace('msg_', 'dlv_'),
    lease: '',
    endpointId: record.id,
    laneId,
    message,
    attempts: 1,
    attemptsBeforeRun: 0,
    rescues: 0,
    faults: 0,
    firstAttemptAt: message.timestamp,
    ordered: false,
    probe: false,
    counted: false,
  };
}

/** In a time that does not tell where they differ. */
function isSameText(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
