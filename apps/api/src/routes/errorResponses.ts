import { problemSchema } from "@pclab/contracts";

/** The error statuses of a route, for the OpenAPI document; every one has the same shape. */
export const errorResponses = <Status extends number>(
  ...statuses: Status[]
): Record<Status, typeof problemSchema> =>
  Object.fromEntries(statuses.map((status) => [status, problemSchema])) as Record<
    Status,
    typeof problemSchema
  >;
