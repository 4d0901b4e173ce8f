import { createHash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { MetricsGuard } from "./health-server.ts";

/** Sends a review, which the API server answers and does not store. */
export type Review = (
  kind: "TokenReview" | "SubjectAccessReview" | "SelfSubjectAccessReview",
  spec: object,
) => Promise<unknown>;

/** Options of the guard of /metrics. */
export interface MetricsGuardOptions {
  readonly review: Review;
  readonly clock: Pick<Clock, "monotonic">;
}

/** How long an answer is cached, in milliseconds: a revoked token can read for that long. */
const allowedMs = 60_000;
const refusedMs = 10_000;
const remembered = 256;
/** Concurrent requests to the API server: any client that reaches the port can make up tokens. */
const questions = 4;

const tokenReviewSchema = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    user: z
      .object({
        username: z.string().default(""),
        uid: z.string().optional(),
        groups: z.array(z.string()).optional(),
        extra: z.record(z.string(), z.array(z.string())).optional(),
      })
      .optional(),
  }),
});
const accessReviewSchema = z.object({ status: z.object({ allowed: z.boolean().default(false) }) });

type Access = Awaited<ReturnType<MetricsGuard>>;

/**
 * Admits a client whose bearer token the API server knows (TokenReview) and allows to `get` the non-resource URL
 * `/metrics` (SubjectAccessReview): a scraper in the cluster has such a token, and RBAC can grant the access.
 */
export function createMetricsGuard({ review, clock }: MetricsGuardOptions): MetricsGuard {
  const admitted = new Map<string, number>();
  const verdicts = new Map<string, { readonly verdict: Promise<Access>; until: number }>();
  let asking = 0;

  const askOnce = async (token: string): Promise<Access> => {
    asking += 1;
    try {
      return await reviewed(token);
    } catch (error) {
      return {
        status: 503,
        why: `the API server cannot be reached: ${error instanceof Error ? error.message : String(error)}`,
      };
    } finally {
      asking -= 1;
    }
  };
  const reviewed = async (token: string): Promise<Access> => {
    const { status } = tokenReviewSchema.parse(await review("TokenReview", { token }));
    if (!status.authenticated || status.user === undefined)
      return { status: 401, why: "the API server does not know this token" };
    const { username, ...rest } = status.user;
    const nonResourceAttributes = { path: "/metrics", verb: "get" };
    const access = await review("SubjectAccessReview", { user: username, ...rest, nonResourceAttributes });
    if (accessReviewSchema.parse(access).status.allowed) return undefined;
    return { status: 403, why: `${username} may not get the non-resource URL /metrics` };
  };

  return async (authorization) => {
    const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return { status: 401, why: "a bearer token is needed" };
    const key = createHash("sha256").update(token).digest("base64");
    // Clients without access can fill the other map with made-up tokens.
    if (clock.monotonic() < (admitted.get(key) ?? 0)) return undefined;
    const known = verdicts.get(key);
    if (known !== undefined && clock.monotonic() < known.until) return known.verdict;
    // A client that was admitted before is not kept out by others' made-up tokens.
    if (asking >= (admitted.has(key) ? questions + 1 : questions))
      return { status: 503, why: "too many tokens are being reviewed" };
    const entry = { verdict: askOnce(token), until: Number.POSITIVE_INFINITY };
    remember(verdicts, key, entry);
    const verdict = await entry.verdict;
    if (verdict === undefined) remember(admitted, key, clock.monotonic() + allowedMs);
    entry.until = clock.monotonic() + (verdict?.status === 401 || verdict?.status === 403 ? refusedMs : 0);
    return verdict;
  };
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > remembered && oldest !== undefined) map.delete(oldest);
}
