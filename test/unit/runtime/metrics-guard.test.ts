import { describe, expect, it } from "vitest";
import { createMetricsGuard, type Review } from "../../../src/runtime/metrics-guard.ts";

const scraper = {
  username: "system:serviceaccount:monitoring:prometheus",
  uid: "7",
  groups: ["system:serviceaccounts"],
  extra: { "authentication.kubernetes.io/pod-name": ["prometheus-0"] },
};

function guarding(answers: { authenticated?: boolean; allowed?: boolean; down?: () => boolean } = {}) {
  const { authenticated = true, allowed = true, down = () => false } = answers;
  const asked: unknown[] = [];
  let now = 0;
  const review: Review = async (kind, spec) => {
    asked.push({ kind, spec });
    if (down()) throw new Error("no route to host");
    if (kind === "TokenReview") return { status: authenticated ? { authenticated, user: scraper } : {} };
    return { status: { allowed } };
  };
  const guard = createMetricsGuard({ review, clock: { monotonic: () => now } });
  return { guard, asked, pass: (seconds: number) => (now += seconds * 1000) };
}

describe("access to the metrics", () => {
  it("is for whom the API server knows and allows, and the API server is asked once a minute", async () => {
    const { guard, asked, pass } = guarding();
    expect(await guard("Bearer abc")).toBeUndefined();
    expect(await guard("bearer abc")).toBeUndefined();
    const { username: user, ...rest } = scraper;
    const both = [
      { kind: "TokenReview", spec: { token: "abc" } },
      {
        kind: "SubjectAccessReview",
        spec: { user, ...rest, nonResourceAttributes: { path: "/metrics", verb: "get" } },
      },
    ];
    expect(asked).toEqual(both);
    pass(61);
    expect(await guard("Bearer abc")).toBeUndefined();
    expect(asked).toEqual([...both, ...both]);
  });

  it.each([undefined, "", "Basic abc", "Bearer", "Bearer a b", "Bearer \u00e4"])("is refused to %j", async (header) => {
    const { guard, asked } = guarding();
    expect(await guard(header)).toEqual({ status: 401, why: "a bearer token is needed" });
    expect(asked).toEqual([]);
  });

  it("is refused to strangers, and to those whom nothing allows it", async () => {
    expect(await guarding({ authenticated: false }).guard("Bearer abc")).toEqual({
      status: 401,
      why: "the API server does not know this token",
    });
    expect(await guarding({ allowed: false }).guard("Bearer abc")).toEqual({
      status: 403,
      why: "system:serviceaccount:monitoring:prometheus may not get the non-resource URL /metrics",
    });
  });

  it("is refused while the API server cannot be asked, and no longer", async () => {
    let down = true;
    const { guard } = guarding({ down: () => down });
    expect(await guard("Bearer abc")).toEqual({
      status: 503,
      why: "the API server cannot be reached: no route to host",
    });
    down = false;
    expect(await guard("Bearer abc")).toBeUndefined();
  });

  it("stays with a client that has it, however many tokens others make up", async () => {
    const known = new Set(["abc"]);
    const asked: string[] = [];
    let now = 0;
    const slow = Promise.withResolvers<void>();
    const review: Review = async (kind, spec) => {
      if (kind !== "TokenReview") return { status: { allowed: true } };
      const { token } = spec as { token: string };
      asked.push(token);
      if (token.startsWith("slow")) await slow.promise;
      return { status: known.has(token) ? { authenticated: true, user: scraper } : {} };
    };
    const guard = createMetricsGuard({ review, clock: { monotonic: () => now } });
    expect(await guard("Bearer abc")).toBeUndefined();
    for (let index = 0; index < 300; index++) expect((await guard(`Bearer a${index}`))?.status).toBe(401);
    expect(await guard("Bearer abc")).toBeUndefined();
    expect(asked.filter((token) => token === "abc")).toHaveLength(1);
    now = 61_000;
    const made = [0, 1, 2, 3].map((index) => guard(`Bearer slow${index}`));
    expect(await guard("Bearer abc")).toBeUndefined();
    slow.resolve();
    await Promise.all(made);
  });

  it("asks a few questions at once, however many tokens are made up", async () => {
    const { guard, asked } = guarding();
    const verdicts = await Promise.all(Array.from({ length: 100 }, (_, index) => guard(`Bearer ${index}`)));
    expect(verdicts.filter((verdict) => verdict?.status === 503)).toHaveLength(96);
    expect(asked).toHaveLength(8);
  });
});
