import { describe, expect, it } from 'vitest';
import { OrderGate } from '../../src/engine/order-gate.ts';

describe('OrderGate', () => {
  it('runs at once when there is nothing to wait for', () => {
    const gate = new OrderGate();
    const order: number[] = [];
    void gate.pass(undefined, async () => order.push(1));
    expect(order).toEqual([1]);
    expect(gate.isFree).toBe(true);
  });

  it('lets nobody overtake those that wait, at whatever moment they come', async () => {
    for (let turns = 0; turns < 20; turns += 1) {
      const gate = new OrderGate();
      const order: number[] = [];
      const first = gate.pass(Promise.resolve(), async () => order.push(1));
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      const second = gate.pass(undefined, async () => order.push(2));
      await Promise.all([first, second]);
      expect(order).toEqual([1, 2]);
      expect(gate.isFree).toBe(true);
    }
  });

  it('leaves no rejection unhandled when a blocker fails long before its turn', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    const gate = new OrderGate();
    let open = (): void => undefined;
    const first = gate.pass(new Promise<void>((resolve) => (open = resolve)), async () => 1);
    const second = gate.pass(Promise.reject(new Error('no store')), async () => 2);
    second.catch(() => undefined);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    open();
    expect(await first).toBe(1);
    await expect(second).rejects.toThrow('no store');
    process.off('unhandledRejection', note);
    expect(unhandled).toEqual([]);
  });

  it('fails those alone whose own blocker fails', async () => {
    const gate = new OrderGate();
    const first = gate.pass(Promise.reject(new Error('no store')), async () => 1);
    const second = gate.pass(undefined, async () => 2);
    await expect(first).rejects.toThrow('no store');
    expect(await second).toBe(2);
    expect(await gate.pass(undefined, async () => 3)).toBe(3);
  });
});
