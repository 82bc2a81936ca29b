/**
 * Tells at the end of a run which conformance suites of stores were part of it, with how many cases, and why others were not; the
 * same of the receivers of the guide, and of their stores.
 */
import type { Reporter, TestModule, TestSuite } from 'vitest/node';
import { storeSuites, type StoreSuiteName } from './store-suites.ts';

const HEADLINE = 'store contract: ';

export class StoreSuiteReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const suites = modules.flatMap(({ children }) => [...children.suites()]);
    const ran = suites.filter((suite) => isStoreSuite(suite) && suite.state() !== 'skipped');
    const lines = ran.map((suite) => `${nameOf(suite)} ${countOf(suite)}`);
    const asked = new Set(modules.flatMap(({ children }) => [...children.tests()].map(nameOf)));
    const all: readonly StoreSuiteName[] = Object.values(storeSuites());
    const left = all.filter(({ name, missing }) => missing !== undefined && asked.has(name));
    if (lines.length > 0) console.log(`store suites that ran: ${lines.join(', ')}`);
    for (const { name, missing } of left) console.log(`store suite left out: ${name}, because ${missing}`);
    reportReceivers(suites);
  }
}

const RECEIVER = /^(?:receiver|seen store): /;

function reportReceivers(suites: readonly TestSuite[]): void {
  const receivers = suites.filter(({ name }) => RECEIVER.test(name));
  const ran = receivers.filter((suite) => suite.state() !== 'skipped');
  if (ran.length > 0)
    console.log(`receivers that ran: ${ran.map((suite) => `${suite.name} ${countOf(suite)}`).join(', ')}`);
  for (const { name, children } of receivers) {
    const [only] = [...children.allTests()].filter((test) => test.name.startsWith('is left out'));
    if (only !== undefined) console.log(`${name} ${only.name}`);
  }
}

const isStoreSuite = ({ name }: TestSuite): boolean => name.startsWith(HEADLINE);

const nameOf = ({ name }: { readonly name: string }): string =>
  name.startsWith(HEADLINE) ? name.slice(HEADLINE.length) : name;

/** How many of its cases passed; and failed or were left out, if any. */
function countOf({ children }: TestSuite): string {
  const tests = [...children.allTests()];
  const counts = (['passed', 'failed', 'skipped'] as const)
    .map((state) => ({ state, count: tests.filter((test) => test.result().state === state).length }))
    .filter(({ state, count }) => state === 'passed' || count > 0);
  return `(${counts.map(({ state, count }) => `${count} ${state}`).join(', ')})`;
}
