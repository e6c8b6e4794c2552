import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * One row more than the limit was asked for: whether it came says whether there is a next page.
 *
 * @param cursors of the rows, that one included
 * @param items of the rows, that one perhaps left out
 */
export const viewPage = <Item>(
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  cursors: readonly string[],
  limit: number,
  items: readonly Item[],
): { data: Item[]; next_cursor: string | null; has_more: boolean } => {
  const hasMore = cursors.length > limit;
  const cursor = hasMore ? (cursors[limit - 1] ?? null) : null;
  if (cursor !== null) {
    const next = new URL(request.url, "http://lab.invalid");
    next.searchParams.set("cursor", cursor);
    void reply.header("link", `<${next.pathname}${next.search}>; rel="next"`);
  }
  return { data: items.slice(0, limit), next_cursor: cursor, has_more: hasMore };
};

/** Of a list in the order of its ids. */
export const idsOf = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id);
