import { z } from "zod";
import { isRecord } from "../equality.ts";
import { KubeError, type KubeObject } from "../kube-api.ts";

const statusSchema = z.object({
  kind: z.literal("Status"),
  code: z.int().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z
    .object({
      retryAfterSeconds: z.number().optional(),
      causes: z.array(z.object({ field: z.string().optional(), reason: z.string().optional() })).nullish(),
    })
    .nullish(),
});

/** The error of a metav1.Status, or of any other body from a proxy in between, as a {@link KubeError}. */
export function errorFrom(status: number, body: string, retryAfter?: string): KubeError {
  const parsed = statusSchema.safeParse(parseJson(body));
  const header = Number(retryAfter);
  const headerSeconds = retryAfter !== undefined && Number.isFinite(header) ? header : undefined;
  if (!parsed.success) {
    return new KubeError(status, reasons[status] ?? "Unknown", body.trim().slice(0, 500) || `HTTP ${status}`, {
      retryAfterSeconds: headerSeconds,
    });
  }
  const { reason, message, details } = parsed.data;
  const code = status === 200 ? (parsed.data.code ?? 500) : status;
  const fields = (details?.causes ?? []).flatMap(({ field }) => field ?? []);
  const causes = (details?.causes ?? []).flatMap((cause) => cause.reason ?? []);
  // Another object has that name: newer servers report it as a conflict.
  const conflict = code === 422 && fields.includes("metadata.uid");
  return new KubeError(
    conflict ? 409 : code,
    conflict ? "Conflict" : reason || (reasons[code] ?? "Unknown"),
    message ?? `HTTP ${code}`,
    { retryAfterSeconds: headerSeconds ?? details?.retryAfterSeconds, fields, causes },
  );
}

const reasons: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Gone",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** The parsed text; undefined if it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Whether a value has the fields of every object; a caller that reads more than `metadata` parses it by its own schema.
 */
export function isObject<T extends KubeObject>(value: unknown): value is T {
  return isRecord(value) && isRecord(value.metadata) && typeof value.metadata.name === "string";
}

/** The fields of every list. */
export const listSchema = z.object({
  metadata: z.object({
    resourceVersion: z.string().default(""),
    continue: z.string().optional(),
    remainingItemCount: z.int().optional(),
  }),
  items: z.array(z.unknown()).nullable(),
});

/** One line of a watch. */
export const watchLineSchema = z.object({
  type: z.enum(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]),
  object: z.unknown(),
});

/** The object of a BOOKMARK. */
export const bookmarkSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

/** `/version`. */
export const versionSchema = z.object({ gitVersion: z.string() });

/** `/openapi/v3`: the available documents, by path. */
export const openApiIndexSchema = z.object({ paths: z.record(z.string(), z.unknown()) });
