import { expect, it } from "vitest";
import { xenHostSpecSchema } from "../../../../src/api/xen-host.ts";
import type { HostView } from "../../../../src/controllers/hosts/view.ts";
import { locate } from "../../../../src/controllers/xen-migration/locate.ts";
import { reachable, unreachable } from "../facts.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";
const other = "37baabc6-98d5-48a2-9634-a38b12e29c46";
const said = { status: "True", reason: "Ready", message: "" } as const;
const spec = xenHostSpecSchema.parse({
  ssh: { host: "10.0.0.1", privateKeySecretRef: { name: "key" } },
  aoe: { interfaces: ["eth1"] },
});

/** A host whose list of domains is empty but for a row that could not be read. */
const withGap = (row: string) =>
  reachable({
    domains: { state: "known", value: { domains: [], processes: [] }, unread: [{ row, why: "the name is empty" }] },
  });

/** Where the only XenHost of the namespace has it, or why that is not known. */
function located(domain: string, view: HostView) {
  const declared = { byName: () => undefined, byUuid: () => undefined, elsewhere: () => undefined };
  const host = { name: "bella", spec, ready: said, relocationReady: said, view };
  const found = locate({ domain }, [host], declared);
  return found.kind === "Problem" ? `${found.problem.reason}: ${found.problem.message}` : found.kind;
}

it.each<[string, string, HostView, string]>([
  [
    "that does not answer",
    uuid,
    unreachable,
    `HostUnknown: No host reports domain ${uuid}, and bella cannot be reached`,
  ],
  [
    "with a row that may be it",
    uuid,
    withGap("domain ? - 0"),
    `HostUnknown: No host reports domain ${uuid}, and bella did not report all its domains: a row could not be read (the name is empty): "domain ? - 0"`,
  ],
  [
    "with a row of another domain",
    uuid,
    withGap(`domain 3  ${other} 0`),
    `DomainNotFound: No XenHost of the namespace has domain ${uuid}`,
  ],
  [
    "with a row of which the name is unknown",
    "vm1",
    withGap(`domain 3  ${other} 0`),
    `HostUnknown: No host reports domain vm1, and bella did not report all its domains: a row could not be read (the name is empty): "domain 3  ${other} 0"`,
  ],
])("a domain that nobody shows is unknown as long as a host %s may have it", (_what, domain, view, told) => {
  expect(located(domain, view)).toBe(told);
});

it("a text in the form of a UUID is no name: another domain may be called like it", () => {
  const row = { memory: 128, vcpus: 1, state: "-b----", shutdownReason: "-", seconds: 1 };
  const view = reachable({
    domains: {
      state: "known",
      value: {
        domains: [
          { id: 3, name: "vm", uuid, ...row },
          { id: 4, name: uuid, uuid: other, ...row },
        ],
        processes: [],
      },
    },
  });
  expect([located(uuid, view), located(other, view), located("vm", view)]).toEqual(["Found", "Found", "Found"]);
});
