/** What a script learns from the exit status; docs/CLI.md lists them. */
export const EXIT = {
  ok: 0,
  /** What was asked about failed: a watched sweep, a check of the doctor. */
  failed: 1,
  /** The command line makes no sense, or a local file cannot be read or written. */
  usage: 2,
  /** No lab answers, or its database is away. */
  unreachable: 3,
  /** The token is missing, unknown, or its scope does not allow this. */
  refused: 4,
  notFound: 5,
  /** The lab read the request and found it invalid. */
  invalid: 6,
  /** The state of the thing does not allow it. */
  conflict: 7,
  /** A quota, a rate limit, or no room. */
  limit: 8,
  /** The lab failed, or what answers is no lab. */
  fault: 9,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Of an HTTP status that is an error. */
export const exitCodeOf = (status: number): ExitCode => {
  switch (status) {
    case 401:
    case 403:
      return EXIT.refused;
    case 404:
      return EXIT.notFound;
    case 409:
    case 412:
      return EXIT.conflict;
    case 429:
    case 507:
      return EXIT.limit;
    case 503:
      return EXIT.unreachable;
    default:
      return status >= 400 && status < 500 ? EXIT.invalid : EXIT.fault;
  }
};
