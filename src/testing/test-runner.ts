/**
 * What a conformance suite needs of a test runner. vitest, jest and `node:test` all have these four functions, so a
 * suite runs in any of them: `createTransportSuite({ … }, { describe, it, beforeEach, afterEach })`.
 */
export interface TestRunner {
  /** Groups cases under a name; groups may be nested. */
  describe(name: string, body: () => void): void;
  /**
   * Declares one case; it fails when the body throws or its promise rejects. What the runner hands to the body first has, in
   * vitest and `node:test`, the function `skip`: a case that cannot run says so by it. In jest, which has none, it passes.
   */
  it(name: string, body: (...context: readonly unknown[]) => Promise<void> | void): void;
  /** Runs before each case of the surrounding group. */
  beforeEach(body: () => Promise<void> | void): void;
  /** Runs after each case of the surrounding group, whether it passed or not. */
  afterEach(body: () => Promise<void> | void): void;
}
