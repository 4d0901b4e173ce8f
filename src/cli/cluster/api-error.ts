import { z } from "zod";

/** The API server refused, or could not be reached. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  constructor(message: string, options: { status: number | undefined; cause: unknown }) {
    super(message, { cause: options.cause });
    this.status = options.status;
  }
}

export const isMissing = (error: unknown): boolean => error instanceof ApiError && error.status === 404;

/** kubernetes-fluent-client rejects with a response, which is no Error; without an answer it makes up a status 400. */
const responseSchema = z.object({
  ok: z.literal(false),
  status: z.number(),
  statusText: z.string(),
  data: z.unknown().optional(),
  e: z.unknown().optional(),
});
const statusSchema = z.object({ message: z.string() });

/** `doing` completes "…: why". */
export function apiError(doing: string, error: unknown): Error {
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
  });
}

function deepest(error: Error): Error {
  return error.cause instanceof Error ? deepest(error.cause) : error;
}
