import type { Evidence } from './evidence.ts';
import { openOutside } from './outside.ts';
import type { StoreOrder } from './windows.ts';

/** Looks at a database from another connection: at the tables there are, and whether somebody is in a transaction. */
export async function findInDatabase(order: StoreOrder, words: readonly string[]): Promise<Evidence> {
  const outside = await openOutside(order);
  try {
    const isMigration = words.length === 1;
    const tables = await outside.countTables();
    const hasVersion = tables > 0 && (await outside.hasVersion());
    // MySQL commits as it goes while it migrates.
    const isBusy =
      !(isMigration && order.kind === 'mariadb') &&
      (await comesTrue(() => outside.isInTransaction(isMigration ? words[0]! : 'delete')));
    if (!isMigration) return { found: 'an open transaction that deletes', isInside: isBusy };
    return {
      found: describe(tables, isBusy),
      isInside: !hasVersion && isExpected(order, { tables, isBusy }),
    };
  } finally {
    await outside.close();
  }
}

/** MySQL commits each table by itself; elsewhere the open transaction has what is new. */
function isExpected({ kind }: StoreOrder, { tables, isBusy }: { tables: number; isBusy: boolean }): boolean {
  return kind === 'mariadb' ? tables > 0 : isBusy;
}

function describe(tables: number, isBusy: boolean): string {
  const there = tables === 0 ? 'no tables' : `${tables} tables, no version`;
  return isBusy ? `${there}, an open transaction` : there;
}

/** InnoDB shows its transactions a tenth of a second late. */
const PATIENCE_MS = 1_000;

async function comesTrue(ask: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + PATIENCE_MS;
  do if (await ask()) return true;
  while (Date.now() < deadline);
  return false;
}
