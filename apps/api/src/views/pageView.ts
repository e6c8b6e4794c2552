import type { FastifyReply, FastifyRequest } from "fastify";

/** One item more than the limit was asked for: whether it came says whether there is a next page. */
export const viewPage = <Item>(
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
  rows: readonly { id: string }[],
  limit: number,
  items: readonly Item[],
): { data: Item[]; next_cursor: string | null; has_more: boolean } => {
  const hasMore = rows.length > limit;
  const cursor = hasMore ? (rows[limit - 1]?.id ?? null) : null;
  if (cursor !== null) {
    const next = new URL(request.url, "http://lab.invalid");
    next.searchParams.set("cursor", cursor);
    void reply.header("link", `<${next.pathname}${next.search}>; rel="next"`);
  }
  return { data: items.slice(0, limit), next_cursor: cursor, has_more: hasMore };
};
