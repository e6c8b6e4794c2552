/** The lab's REST API with a token, as any other client has it. */
import { type ProblemBody, PROBLEM_MEDIA_TYPE } from "@pclab/contracts";
import { CliError, InterruptedError, ProblemError } from "../cliError.js";
import type { Config } from "../config.js";
import { EXIT } from "../exitCodes.js";

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface Call {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  query?: Query;
  headers?: Readonly<Record<string, string>>;
  body?: string;
}

export interface Answer<T> {
  body: T;
  response: Response;
}

export interface LabClient {
  /** A JSON body. */
  get<T>(path: string, query?: Query): Promise<T>;
  /** With what the answer's headers say. */
  send<T>(path: string, call: Call): Promise<Answer<T>>;
  /** The answer as it comes: files, streams, text. An error status is thrown here too. */
  open(path: string, call?: Call): Promise<Response>;
  /** Every page of a list. */
  list<T>(path: string, query?: Query): AsyncGenerator<T[]>;
}

/** Until the headers of an answer have come; a long poll waits for less. */
const ANSWER_TIMEOUT_MS = 90_000;

const PAGE = 500;

export const openLab = (config: Config, interrupted: AbortSignal): LabClient => {
  const open = async (path: string, call: Call = {}): Promise<Response> => {
    const response = await fetchOrTell(path, call);
    if (response.ok) return response;
    throw await refusal(response, config.lab);
  };

  const fetchOrTell = async (path: string, call: Call): Promise<Response> => {
    const slow = new AbortController();
    const timer = setTimeout(() => slow.abort(), ANSWER_TIMEOUT_MS);
    try {
      return await fetch(`${config.lab}${path}${printQuery(call.query)}`, {
        method: call.method ?? "GET",
        headers: {
          accept: "application/json",
          ...(config.token === null ? {} : { authorization: `Bearer ${config.token}` }),
          ...call.headers,
        },
        ...(call.body === undefined ? {} : { body: call.body }),
        signal: AbortSignal.any([interrupted, slow.signal]),
      });
    } catch (error) {
      if (interrupted.aborted) throw new InterruptedError();
      throw unreachable(config, slow.signal.aborted ? "no answer in time" : reasonOf(error));
    } finally {
      clearTimeout(timer);
    }
  };

  const send = async <T>(path: string, call: Call): Promise<Answer<T>> => {
    const response = await open(path, call);
    return { body: (await readJson(response, config.lab)) as T, response };
  };

  const get = async <T>(path: string, query?: Query): Promise<T> =>
    (await send<T>(path, query === undefined ? {} : { query })).body;

  return {
    get,
    send,
    open,
    async *list<T>(path: string, query: Query = {}) {
      let cursor: string | undefined;
      do {
        const page = await get<{ data: T[]; next_cursor: string | null }>(path, {
          limit: PAGE,
          ...query,
          cursor,
        });
        yield page.data;
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined);
    },
  };
};

const printQuery = (query: Query = {}): string => {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) words.set(name, String(value));
  }
  return words.size === 0 ? "" : `?${words.toString()}`;
};

/** fetch says "fetch failed" and hides the reason in its cause. */
const reasonOf = (error: unknown): string => {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? message;
};

const unreachable = ({ lab, labFrom }: Config, reason: string): CliError =>
  new CliError(
    EXIT.unreachable,
    `no lab answers at ${lab} (${reason}; the address is from ${labFrom})`,
    "`npm start` starts a lab; LAB=http://host:port names one that runs; `pclab doctor` looks closer",
  );

const isType = (response: Response, type: string): boolean =>
  (response.headers.get("content-type") ?? "").startsWith(type);

const readJson = async (response: Response, lab: string): Promise<unknown> => {
  if (response.status === 204) return null;
  if (isType(response, "application/json")) return response.json();
  throw noLab(response, lab);
};

const noLab = (response: Response, lab: string): CliError =>
  new CliError(
    EXIT.fault,
    `${lab} answered ${response.status} with ${response.headers.get("content-type") ?? "no content type"}, which no lab does`,
    "check that LAB is the address of a pclab lab, and not of a page or a proxy before it",
  );

const refusal = async (response: Response, lab: string): Promise<CliError> => {
  if (!isType(response, PROBLEM_MEDIA_TYPE)) return noLab(response, lab);
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new ProblemError(
    (await response.json()) as ProblemBody,
    Number.isFinite(retryAfter) ? retryAfter : null,
  );
};
