import { ApiException } from "@kubernetes/client-node";
import { z } from "zod";
import { TimeoutError } from "../../runtime/cancellation.ts";
import { type Failure, failureOf } from "../../runtime/retry.ts";

/** The API server refused a request, or could not be reached. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP status; undefined without an answer. */
  readonly status: number | undefined;
  /** The wait that the server asks for before the next attempt. */
  readonly retryAfterSeconds: number | undefined;
  constructor(
    message: string,
    options: { status: number | undefined; cause: unknown; retryAfterSeconds?: number | undefined },
  ) {
    super(message, { cause: options.cause });
    this.status = options.status;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** Whether the error is HTTP 404. */
export const isMissing = (error: unknown): boolean => error instanceof ApiError && error.status === 404;

/** Whether kubernetes-fluent-client rejected a create because an object of that name exists (HTTP 409). */
export const isTaken = (error: unknown): boolean => responseSchema.safeParse(error).data?.status === 409;

/**
 * kubernetes-fluent-client rejects with a response, which is not an Error; without an answer it makes up a status 400.
 */
const responseSchema = z.object({
  ok: z.literal(false),
  status: z.number(),
  statusText: z.string(),
  data: z.unknown().optional(),
  e: z.unknown().optional(),
});
const statusSchema = z.object({
  message: z.string(),
  details: z.object({ retryAfterSeconds: z.number().optional() }).nullish(),
});

/** The error of a call. `doing`: what the call does; error messages begin with it. */
export function apiError(doing: string, error: unknown): ApiError {
  if (error instanceof ApiException) {
    const seconds = Number(error.headers["retry-after"] ?? Number.NaN);
    return new ApiError(`${doing}: ${saidIn(error.body) ?? `HTTP ${error.code}`}`, {
      status: error.code,
      cause: error,
      retryAfterSeconds: Number.isFinite(seconds) ? seconds : undefined,
    });
  }
  const response = responseSchema.safeParse(error);
  if (!response.success)
    return new ApiError(`${doing}: ${error instanceof Error ? error.message : String(error)}`, {
      status: undefined,
      cause: error,
    });
  const { status, statusText, data, e } = response.data;
  if (e instanceof Error)
    return new ApiError(`${doing}: the API server cannot be reached: ${deepest(e).message}`, {
      status: undefined,
      cause: e,
    });
  const said = statusSchema.safeParse(data);
  return new ApiError(`${doing}: ${said.success ? said.data.message : `HTTP ${status} ${statusText}`}`, {
    status,
    cause: error,
    retryAfterSeconds: said.data?.details?.retryAfterSeconds,
  });
}

/** The message of a Status that client-node returns as text or as an object; undefined if it is none. */
export function saidIn(body: unknown): string | undefined {
  try {
    return statusSchema.safeParse(typeof body === "string" ? JSON.parse(body) : body).data?.message;
  } catch {
    return undefined;
  }
}

/** Whether the same call may soon succeed. An unknown name or a refused certificate does not go away. */
export function failureOfCall(error: unknown): Failure {
  if (!(error instanceof ApiError)) return { kind: "Final" };
  if (error.status !== undefined) return failureOf(error.status, error.retryAfterSeconds);
  const { cause } = error;
  if (cause instanceof TimeoutError) return { kind: "Open" };
  const code = cause instanceof Error ? codeOf(deepest(cause)) : undefined;
  return code !== undefined && passing.has(code) ? { kind: "Open" } : { kind: "Final" };
}

/**
 * Whether a failed call may have reached the server and taken effect: false if the server rejected or never received
 * it.
 */
export function mayHaveArrived(error: ApiError): boolean {
  if (error.status !== undefined) return failureOfCall(error).kind === "Open";
  const { cause } = error;
  const code = cause instanceof Error ? codeOf(deepest(cause)) : undefined;
  return failureOfCall(error).kind === "Open" && (code === undefined || !unheard.has(code));
}

/** Errors without a connection. */
const unheard = new Set(["ECONNREFUSED", "EHOSTUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);

/** Errors of a server that restarts, or that disappeared during an answer. */
const passing = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH"],
  ...["UND_ERR_SOCKET", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"],
]);

const codeOf = (error: Error) => ("code" in error && typeof error.code === "string" ? error.code : undefined);

function deepest(error: Error): Error {
  return error.cause instanceof Error ? deepest(error.cause) : error;
}
