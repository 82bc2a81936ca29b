/**
 * Runs what may depend on the version of Node.js under all that are supported: `npm run test:node-versions`. That is what goes over the network and whom it
 * reaches, what bad endpoints cost others, and what the host keeps. Arguments are test files or folders to run instead.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_VERSIONS, provideNode } from './provide-node.ts';
import { runVitest } from './run-vitest.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const TESTS = [
  'test/core',
  'test/dispatcher',
  'test/engine',
  'test/guarantees.test.ts',
  'test/host',
  'test/listener',
  'test/sources',
  'test/testing',
  'test/transport',
];
const given = process.argv.slice(2);
const tests = given.length > 0 ? given : TESTS;

// Beside others that do, a path that matches nothing would go unnoticed.
const missing = tests.find((path) => !existsSync(join(root, path)));
if (missing !== undefined) throw new Error(`expected a test file or a folder of them, got ${missing}`);

// The results of these runs are not those that CI counts: no other reporter.
const args = ['--reporter=default', ...tests];
const nodes = await Promise.all(NODE_VERSIONS.map(provideNode));
runVitest(
  NODE_VERSIONS.map((version, index) => ({ name: tests.join(' '), version, node: nodes[index]!, args })),
);
