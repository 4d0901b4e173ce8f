import { describe, expect, it } from "vitest";
import { patchForEmptied } from "../../../../src/controlplane/debian-1.20/emptied.ts";
import { KubeError } from "../../../../src/runtime/kube-api.ts";

describe("an apply that an old server refuses because it empties an object", () => {
  const refused = (...fields: string[]) =>
    new KubeError(422, "Invalid", `${fields[0]}: Invalid value: "null": must be of type object`, { fields });
  const desired = { metadata: { name: "a", namespace: "san", uid: "u" }, status: { clients: [{ name: "bella" }] } };

  it.each<[string, unknown, object | undefined]>([
    ["takes the object away first", refused("status.server"), { metadata: { uid: "u" }, status: { server: null } }],
    [
      "takes several away, also deep ones",
      refused("status.server", "status.facts.kernel"),
      { metadata: { uid: "u" }, status: { server: null, facts: { kernel: null } } },
    ],
    [
      "replaces a list that has such an object in an item",
      refused("status.clients[0].device"),
      { metadata: { uid: "u" }, status: { clients: [{ name: "bella" }] } },
    ],
    [
      "leaves another error alone",
      new KubeError(422, "Invalid", "status.size: too big", { fields: ["status.size"] }),
      undefined,
    ],
    ["leaves a conflict alone", new KubeError(409, "Conflict", "conflict"), undefined],
    ["leaves what is no answer alone", new Error("gone"), undefined],
  ])("%s", (_what, error, patch) => {
    expect(patchForEmptied(desired, error)).toEqual(patch);
  });
});
