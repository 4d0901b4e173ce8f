import { describe, expect, it } from "vitest";
import type { DomainObservation } from "../../../../src/controllers/xen-domain/observation.ts";
import { release } from "../../../../src/controllers/xen-domain/release.ts";
import type { ImageFact } from "../../../../src/host/xen-facts.ts";
import { known, unreachable } from "../facts.ts";
import { bootId, domain, file, host, image } from "./observations.ts";

const missing = { ...file(), kind: "Missing", sizeBytes: 0, identity: undefined, record: undefined } as const;
const sees = (work: ImageFact["work"]) => ({ images: known([{ ...missing, work }]) });
const elsewhere = { state: "Elsewhere", bytes: 7 } as const;
const copied = (hosts: DomainObservation["hosts"], rest: Partial<DomainObservation> = {}) => {
  const [disk] = domain().spec.disks;
  return domain({ hosts, ...rest }, { disks: [{ ...disk, size: "1Gi", sourcePath: "debian-12.img" }] });
};
const says = (one: DomainObservation) => {
  const answer = release(one);
  if (answer.kind === "Released") return "Released";
  return answer.finding.conditions.map(({ reason, message }) => `${reason}: ${message?.split(/[.:] /)[0]}`).join();
};
const gone = { kind: "Dead", bootId, hostname: "brutus", message: "" } as const;
const unread = { images: { state: "unknown", why: "no time" } } as const;
const copying = `ImageInUse: ${image} is being copied, 7 bytes so far`;

describe("a deleted domain with a template", () => {
  it.each<[string, string, DomainObservation]>([
    ["no host copies it", "Released", copied([host("bella", sees(undefined)), host("brutus", sees(undefined))])],
    [
      "a host copies it",
      copying,
      copied([host("bella", sees(undefined)), host("brutus", sees({ state: "Copying", bytes: 7 }))]),
    ],
    ["a host may copy it", copying, copied([host("bella", sees(elsewhere)), host("brutus", sees(undefined))])],
    [
      "the host that copied it is proved dead",
      "Released",
      copied([host("bella", sees(elsewhere)), host("brutus", {}, { view: unreachable, gone })]),
    ],
    [
      "the host that copied it was interrupted",
      "Released",
      copied([host("bella", sees(elsewhere)), host("brutus", sees({ state: "Interrupted", bytes: 7 }))]),
    ],
    [
      "a host does not tell",
      "HostUnknown: brutus did not report whether an image is being copied",
      copied([host("bella", sees(undefined)), host("brutus", unread)]),
    ],
    [
      "a host does not tell, and the image was seen complete",
      "Released",
      copied([host("bella"), host("brutus", unread)], {
        recorded: { ...domain().recorded, images: new Map([[image, "12 34"]]) },
      }),
    ],
    [
      "a command for it has not ended",
      "Deleting: A command for the domain has not ended on brutus",
      copied([host("bella", sees(undefined)), host("brutus", sees(undefined), { busy: true })]),
    ],
  ])("where %s: %s", (_where, expected, one) => {
    expect(says(one)).toBe(expected);
  });
});
