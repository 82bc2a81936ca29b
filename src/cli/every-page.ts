import type { ClientPage } from '../http/index.ts';

/** The items of all pages, up to a number. */
export async function everyPage<Item>(
  read: (page: { cursor: string | undefined; limit: number }) => Promise<ClientPage<Item>>,
  limit = Infinity,
): Promise<{ readonly items: readonly Item[]; readonly nextCursor: string | undefined }> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ cursor, limit: Math.min(PAGE, limit - items.length) });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined && items.length < limit);
  return { items, nextCursor: cursor };
}

/** As many as the API gives at a time. */
const PAGE = 100;
