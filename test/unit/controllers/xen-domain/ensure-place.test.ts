import { describe, expect, it } from "vitest";
import { ensurePlace } from "../../../../src/controllers/xen-domain/ensure-place.ts";
import type { DomainObservation, ObservedHost } from "../../../../src/controllers/xen-domain/observation.ts";
import { decision } from "../decision.ts";
import { known } from "../facts.ts";
import { domain, host, runs, uuid } from "./observations.ts";

const look = (one: DomainObservation) => decision(ensurePlace(one));
const goesOn = { conditions: [], steps: [], proceed: true };
const stops = (disks: string, running = disks) => ({
  ...{ conditions: [`DisksReady ${disks}`, `Running ${running}`], steps: [], proceed: false },
});
const missing = (name: string): ObservedHost => ({
  name,
  allowed: true,
  machine: { state: "NotFound", heard: undefined },
});
const on = (owner: string | undefined) =>
  host("bella", {
    ...runs(),
    domainConfigurations: known(owner === undefined ? [] : [{ uuid, owner, digest: "" }]),
  });

describe("the place of a domain", () => {
  it.each<[string, DomainObservation]>([
    ["its hosts and disks are known", domain()],
    ["one of its hosts is there", domain({ hosts: [host("bella"), missing("brutus")] })],
    ["it runs, and was declared by this object", domain({ hosts: [on("san/vm 1")] })],
    ["it runs, and was declared by an object that was restored", domain({ hosts: [on("san/vm 7")] })],
    [
      "it runs, and came from a host that had its configuration",
      domain({ hosts: [on(undefined)], recorded: { ...domain().recorded, configuration: "d" } }),
    ],
  ])("is good where %s", (_name, one) => {
    expect(look(one)).toEqual(goesOn);
  });

  it.each<[string, DomainObservation]>([
    ["False DomainTaken: an older one has it", domain({ rival: "an older one has it" })],
    [
      `False DomainTaken: Domain vm (${uuid}) on bella is declared by san/other 2, so xensan does not change it`,
      domain({ hosts: [on("san/other 2")] }),
    ],
    [
      `False DomainTaken: Domain vm (${uuid}) on bella was not started by xensan, so xensan does not change it. To take it over, add ${uuid} to spec.allowed.domains of XenHost bella`,
      domain({ hosts: [on(undefined)] }),
    ],
    [
      "False HostNotFound: No such XenHost in this namespace: bella, brutus. Create it, or correct spec.hostRefs",
      domain({ hosts: [missing("bella"), missing("brutus")] }),
    ],
  ])("is none where it says %s", (condition, one) => {
    expect(look(one)).toEqual(stops(condition));
  });

  it("is none without a disk, which holds the lock", () => {
    expect(look(domain({}, { disks: [] }))).toEqual(
      stops(
        "False NoDisk: spec.disks is empty: the lock that keeps a domain from running twice is stored next to its first disk",
        "Unknown NoDisk: A domain without a disk on a shared file system is not started",
      ),
    );
  });

  it("is unknown where the file system of a disk is, and each is named once", () => {
    const disks = domain().disks.flatMap(({ disk }) => {
      const homeless = { disk, filesystem: { state: "Missing", message: "no DATA" } } as const;
      return [homeless, homeless];
    });
    expect(look(domain({ disks }))).toEqual(stops("Unknown FilesystemNotReady: no DATA"));
  });
});
