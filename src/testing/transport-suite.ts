import { abortCases } from './transport-suite/abort-cases.ts';
import { closeCases } from './transport-suite/close-cases.ts';
import { failureCases } from './transport-suite/failure-cases.ts';
import { guardCases } from './transport-suite/guard-cases.ts';
import { faultCases } from './transport-suite/fault-cases.ts';
import { requestCases } from './transport-suite/request-cases.ts';
import { resendCases } from './transport-suite/resend-cases.ts';
import { responseCases } from './transport-suite/response-cases.ts';
import { strayAnswerCases } from './transport-suite/stray-answer-cases.ts';
import type { SuiteCase } from './transport-suite/suite-case.ts';
import { tlsCases } from './transport-suite/tls-cases.ts';
import {
  type CreateTransport,
  type SuiteCertificate,
  TransportWorld,
} from './transport-suite/transport-world.ts';
import type { TestRunner } from './test-runner.ts';

/** Options of {@link createTransportSuite}. */
export interface TransportSuiteOptions {
  /** Name of the transport, for the headline of the suite. */
  readonly name: string;
  /** Builds a transport, not opened yet; `tls.ca` is the authority it shall trust. Called for each case. */
  readonly create: CreateTransport;
  /** A key and self-signed certificates for the TLS cases. Without, those cases are left out. */
  readonly certificate?: SuiteCertificate;
  /**
   * Cases that the transport cannot pass by its nature, by name, and why. They are left out. A name that no case has is
   * an error, so that a list cannot outlive what it excuses.
   */
  readonly deviations?: readonly { readonly reason: string; readonly cases: readonly string[] }[];
}

/**
 * Declares the conformance suite of the transport port: every line of the contract in `transport.ts`, over real sockets,
 * then faults as receivers on the Internet produce them.
 *
 * @example
 * createTransportSuite({ name: 'undici', create: (options) => undiciTransport(options) }, { describe, it, beforeEach, afterEach });
 */
export function createTransportSuite(options: TransportSuiteOptions, runner: TestRunner): void {
  const groups: Readonly<Record<string, readonly SuiteCase[]>> = {
    'requests (1)': requestCases,
    'responses (2, 3)': responseCases,
    'stray answers (3)': strayAnswerCases,
    'repetition (1)': resendCases,
    'abort (4)': abortCases,
    'address guard (5)': guardCases,
    'close (6)': closeCases,
    'failures of the connection': failureCases,
    'faults of receivers': faultCases,
    TLS: options.certificate === undefined ? [] : tlsCases,
  };
  const excused = new Set(options.deviations?.flatMap(({ cases }) => cases));
  const known = new Set([...Object.values(groups).flat(), ...tlsCases].map(({ name }) => name));
  for (const name of excused)
    if (!known.has(name))
      throw new TypeError(`No case of the transport suite is named ${JSON.stringify(name)}.`);

  runner.describe(`transport contract: ${options.name}`, () => {
    for (const [group, cases] of Object.entries(groups)) {
      const declared = cases.filter(({ name }) => !excused.has(name));
      // Some runners fail an empty group.
      if (declared.length > 0)
        runner.describe(group, () => declared.forEach((suiteCase) => declare(suiteCase, options, runner)));
    }
  });
}

function declare(suiteCase: SuiteCase, options: TransportSuiteOptions, runner: TestRunner): void {
  runner.it(suiteCase.name, async () => {
    const world = new TransportWorld(options.create, options.certificate);
    try {
      await suiteCase.run(world);
    } finally {
      await world.close();
    }
  });
}
