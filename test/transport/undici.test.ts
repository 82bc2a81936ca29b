import { afterEach, beforeEach, describe, it } from 'vitest';
import { createTransportSuite } from '../../src/testing/transport-suite.ts';
import { undiciTransport } from '../../src/transport/undici-transport.ts';
import { certificate } from './certificate.ts';

createTransportSuite(
  { name: 'undici', create: (options) => undiciTransport(options), certificate },
  { describe, it, beforeEach, afterEach },
);
