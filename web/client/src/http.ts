import type { Problem } from './types.js';

/** The server answered with an error (RFC 9457). */
export class ProblemError extends Error {
  constructor(
    readonly problem: Problem,
    /** How long the server asks to wait (`Retry-After`), in milliseconds. */
    readonly retryAfterMs = 0,
  ) {
    super(problem.detail ?? problem.title ?? `The server answered ${problem.status}.`);
  }

  get status(): number {
    return this.problem.status;
  }

  /** Whether the same request may succeed later: 408, 429 and 5xx. */
  get temporary(): boolean {
    return this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** No answer came: offline, connection refused or closed, or the deadline passed. */
export class OfflineError extends Error {}

export interface Call {
  body?: unknown;
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface HttpOptions {
  base: string;
  headers?: () => Record<string, string>;
  credentials?: RequestCredentials;
  fetch?: typeof fetch;
}

const TIMEOUT_MS = 15_000;

/** JSON over fetch with a deadline; every failure is a `ProblemError` or an `OfflineError`. */
export class Http {
  constructor(private readonly options: HttpOptions) {}

  get<T>(path: string, call: Call = {}): Promise<T> {
    return this.request<T>('GET', path, call);
  }

  post<T>(path: string, body: unknown = {}, call: Call = {}): Promise<T> {
    return this.request<T>('POST', path, { ...call, body });
  }

  async request<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const abort = new AbortController();
    const giveUp = () => abort.abort();
    const timer = setTimeout(giveUp, call.timeoutMs ?? TIMEOUT_MS);
    call.signal?.addEventListener('abort', giveUp);
    try {
      const init: RequestInit = {
        method,
        headers: this.headers(call.body !== undefined),
        credentials: this.options.credentials ?? 'omit',
        cache: 'no-store',
        signal: abort.signal,
      };
      if (call.body !== undefined) init.body = JSON.stringify(call.body);
      const run = this.options.fetch ?? fetch;
      const response = await run(this.options.base + path, init);
      const text = await response.text();
      if (!response.ok) {
        const asked = waitOf(response.headers.get('retry-after'));
        throw new ProblemError(problemOf(response.status, text), asked);
      }
      return (text === '' ? undefined : JSON.parse(text)) as T;
    } catch (error) {
      if (error instanceof ProblemError) throw error;
      throw new OfflineError(error instanceof Error ? error.message : 'no answer');
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', giveUp);
    }
  }

  private headers(hasBody: boolean): Record<string, string> {
    const more = this.options.headers?.() ?? {};
    return hasBody ? { 'content-type': 'application/json', ...more } : more;
  }
}

const WAIT_MAX_MS = 120_000;

/** `Retry-After` in seconds, which is how our servers and most proxies write it. */
function waitOf(header: string | null): number {
  const seconds = Number(header ?? 0);
  return seconds > 0 ? Math.min(seconds * 1_000, WAIT_MAX_MS) : 0;
}

/** The wait that an error asks for. */
export function askedWait(error: unknown): number {
  return error instanceof ProblemError ? error.retryAfterMs : 0;
}

function problemOf(status: number, text: string): Problem {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) {
      return { id: 'unknown', ...(body as Partial<Problem>), status };
    }
  } catch {
    // Not JSON: a proxy in between may answer with a page of its own.
  }
  return { id: 'unknown', status };
}
