/** The lab's HTTP API as the launcher uses it: with the owner's token, like any other client. */
import type { RunBody, SweepBody } from "@pclab/contracts";

export class LabRequestError extends Error {
  override readonly name = "LabRequestError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface LabClient {
  /** Whether the API takes the token. */
  tokenIsValid(): Promise<boolean>;
  submitSweep(yaml: string, idempotencyKey: string): Promise<SweepBody>;
  sweep(id: string): Promise<SweepBody>;
  runs(sweepId: string): Promise<RunBody[]>;
}

interface LabRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

const requestTimeoutMs = 10_000;

export function createLabClient(url: string, token: string): LabClient {
  const request = async (path: string, { headers, ...init }: LabRequest = {}): Promise<Response> =>
    fetch(`${url}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, ...headers },
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
  const json = async <T>(path: string, init?: LabRequest): Promise<T> => {
    const response = await request(path, init);
    if (response.ok) return (await response.json()) as T;
    throw new LabRequestError(response.status, await response.text());
  };
  return {
    tokenIsValid: async () => (await request("/v1/queue")).status !== 401,
    submitSweep: (yaml, idempotencyKey) =>
      json("/v1/sweeps", {
        method: "POST",
        headers: { "content-type": "application/yaml", "idempotency-key": idempotencyKey },
        body: yaml,
      }),
    sweep: (id) => json(`/v1/sweeps/${id}`),
    runs: async (sweepId) =>
      (await json<{ data: RunBody[] }>(`/v1/sweeps/${sweepId}/runs?limit=100`)).data,
  };
}

/** True once the API answers that it can serve, false when it does not within `timeoutMs`. */
export async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
