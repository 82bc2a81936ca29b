import { describe, expect, it } from 'vitest';
import { MAX_TIMER_MS } from '../../src/clock.ts';
import { createManualClock } from '../../src/testing/manual-clock.ts';

describe('createManualClock', () => {
  it('stands still until it is moved', async () => {
    const clock = createManualClock({ startAt: 1_000 });
    expect(clock.now()).toBe(1_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(clock.now()).toBe(1_000);
    await clock.advance(250);
    expect(clock.now()).toBe(1_250);
  });

  it('starts at a fixed day when nothing is said', () => {
    expect(new Date(createManualClock().now()).toISOString()).toBe('2026-01-01T00:00:00.000Z');
  });

  it('refuses an option that it does not know', () => {
    expect(() => createManualClock({ startsAt: 0 } as object)).toThrow(
      'Unknown key "startsAt". Did you mean "startAt"?',
    );
  });

  it('fires due timers in the order of their time, equal ones in the order of creation', async () => {
    const clock = createManualClock({ startAt: 0 });
    const fired: [string, number][] = [];
    const set = (name: string, delayMs: number): void => {
      clock.setTimer(() => fired.push([name, clock.now()]), delayMs);
    };
    set('c', 30);
    set('a', 10);
    set('b1', 20);
    set('b2', 20);
    set('late', 31);
    await clock.advance(30);
    expect(fired).toEqual([
      ['a', 10],
      ['b1', 20],
      ['b2', 20],
      ['c', 30],
    ]);
    expect(clock.pendingTimers).toBe(1);
    expect(clock.nextTimerAt).toBe(31);
  });

  it('fires timers that timers set, at their own time', async () => {
    const clock = createManualClock({ startAt: 0 });
    const fired: number[] = [];
    const tick = (): void => {
      fired.push(clock.now());
      clock.setTimer(tick, 10);
    };
    clock.setTimer(tick, 10);
    await clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
  });

  it('lets promise callbacks and deferred work run between timers, at the time of the timer before', async () => {
    const clock = createManualClock({ startAt: 0 });
    const seen: [string, number][] = [];
    const see = (name: string): void => void seen.push([name, clock.now()]);
    clock.setTimer(() => {
      see('first');
      void Promise.resolve().then(() => see('promise of first'));
      clock.defer(() => {
        see('deferred by first');
        clock.defer(() => see('deferred twice by first'));
      });
    }, 10);
    clock.setTimer(() => see('second'), 20);
    await clock.advance(100);
    expect(seen).toEqual([
      ['first', 10],
      ['promise of first', 10],
      ['deferred by first', 10],
      ['deferred twice by first', 10],
      ['second', 20],
    ]);
  });

  it('lets work that is under way run before time moves', async () => {
    const clock = createManualClock({ startAt: 0 });
    const fired: number[] = [];
    clock.defer(() => {
      clock.setTimer(() => fired.push(clock.now()), 5);
    });
    await clock.advance(10);
    expect(fired).toEqual([5]);
  });

  it('fires what is due already when advanced by zero', async () => {
    const clock = createManualClock({ startAt: 0 });
    const fired: string[] = [];
    clock.setTimer(() => fired.push('zero'), 0);
    clock.setTimer(() => fired.push('negative'), -5);
    clock.setTimer(() => fired.push('not a number'), NaN);
    clock.setTimer(() => fired.push('later'), 1);
    await clock.advance(0);
    expect(fired).toEqual(['zero', 'negative', 'not a number']);
  });

  it('does not fire cancelled timers', async () => {
    const clock = createManualClock({ startAt: 0 });
    const fired: string[] = [];
    const first = clock.setTimer(() => fired.push('first'), 10);
    const second = clock.setTimer(() => fired.push('second'), 20);
    first.cancel();
    first.cancel();
    expect(clock.pendingTimers).toBe(1);
    expect(clock.nextTimerAt).toBe(20);
    await clock.advance(20);
    second.cancel();
    expect(fired).toEqual(['second']);
    expect(clock.pendingTimers).toBe(0);
    expect(clock.nextTimerAt).toBeUndefined();
  });

  it('lets a timer cancel another one of the same time', async () => {
    const clock = createManualClock({ startAt: 0 });
    const fired: string[] = [];
    clock.setTimer(() => second.cancel(), 10);
    const second = clock.setTimer(() => fired.push('second'), 10);
    await clock.advance(10);
    expect(fired).toEqual([]);
  });

  it('caps a delay like the real clock', async () => {
    const clock = createManualClock({ startAt: 0 });
    clock.setTimer(() => undefined, Infinity);
    expect(clock.nextTimerAt).toBe(MAX_TIMER_MS);
    await clock.advance(MAX_TIMER_MS);
    expect(clock.pendingTimers).toBe(0);
  });

  it('works off calls of advance one after the other', async () => {
    const clock = createManualClock({ startAt: 0 });
    const fired: number[] = [];
    clock.setTimer(() => fired.push(clock.now()), 15);
    await Promise.all([clock.advance(10), clock.advance(10)]);
    expect(clock.now()).toBe(20);
    expect(fired).toEqual([15]);
  });

  it('sets the time of day without touching timers', async () => {
    const clock = createManualClock({ startAt: 1_000_000 });
    const fired: number[] = [];
    clock.setTimer(() => fired.push(clock.now()), 100);
    await clock.advance(40);
    clock.set(500);
    expect(clock.now()).toBe(500);
    expect(clock.nextTimerAt).toBe(560);
    await clock.advance(60);
    expect(fired).toEqual([560]);
  });

  it('rejects with what a timer throws, and goes on with the next call', async () => {
    const clock = createManualClock({ startAt: 0 });
    const fired: string[] = [];
    clock.setTimer(() => {
      throw new Error('the timer failed');
    }, 10);
    clock.setTimer(() => fired.push('second'), 20);
    await expect(clock.advance(100)).rejects.toThrow('the timer failed');
    expect(clock.now()).toBe(10);
    await clock.advance(10);
    expect(fired).toEqual(['second']);
  });

  it('goes on although something defers itself for ever', async () => {
    const clock = createManualClock({ startAt: 0 });
    let stopped = false;
    const again = (): void => {
      if (!stopped) clock.defer(again);
    };
    again();
    await clock.advance(10);
    stopped = true;
    expect(clock.now()).toBe(10);
  });

  it.each([-1, NaN, Infinity])('refuses to advance by %s', async (ms) => {
    await expect(createManualClock().advance(ms)).rejects.toMatchObject({
      code: 'invalid_option',
      path: 'ms',
    });
  });

  it('refuses instants that are none', () => {
    expect(() => createManualClock({ startAt: NaN })).toThrow(
      'startAt: expected an instant in epoch ms, got NaN',
    );
    expect(() => createManualClock().set(Infinity)).toThrow(
      'instant: expected an instant in epoch ms, got Infinity',
    );
  });
});
