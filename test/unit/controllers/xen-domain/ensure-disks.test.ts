import { describe, expect, it } from "vitest";
import type { XenDomainStatus } from "../../../../src/api/xen-domain.ts";
import { advice } from "../../../../src/controllers/hosts/step.ts";
import { describeDomain } from "../../../../src/controllers/xen-domain/describe.ts";
import { ensureDisks } from "../../../../src/controllers/xen-domain/ensure-disks.ts";
import { silentAbout } from "../../../../src/controllers/xen-domain/images.ts";
import type { DomainObservation, ObservedDisk } from "../../../../src/controllers/xen-domain/observation.ts";
import type { ImageFact } from "../../../../src/host/xen-facts.ts";
import { decision } from "../decision.ts";
import { known, unreachable } from "../facts.ts";
import { bootId, domain, file, filesystem, host, image, mark, uuid } from "./observations.ts";

const look = (one: DomainObservation) => decision(ensureDisks(one));
const says = (condition: string, ...steps: string[]) => ({
  ...{ conditions: [`DisksReady ${condition}`], steps, proceed: true },
});
const make = (name: string, recorded = "-", source = "-", rest = "-") =>
  `XenHost ${name} ensure-image ${mark} ${uuid} ${image} /srv/data ${filesystem} 1073741824 ${source} ${recorded} no ${rest}`;
const sees = (rest: Partial<ImageFact>) => ({ images: known([file(rest)]) });
const missing: Partial<ImageFact> = { kind: "Missing", sizeBytes: 0, identity: undefined, record: undefined };
const elsewhere = { state: "Elsewhere", bytes: 7 } as const;
const gone = { kind: "Dead", bootId, hostname: "brutus", message: "" } as const;
const both = (rest: Partial<ImageFact>, more: Partial<DomainObservation> = {}) =>
  domain({ hosts: [host("bella", sees(rest)), host("brutus", sees(rest))], ...more });
const images = { recorded: { ...domain().recorded, images: new Map([[image, "12 34"]]) } };
const whole = { recorded: { ...images.recorded, sizes: new Map([[image, 2 ** 30]]) } };

const approved = `ReplaceImage:12 34 ${image}`;
const giveUp = `halt the domain and set the annotation xensan.dev/approve="${approved}" to accept that it is lost (an approval counts once: first remove one of the same value)`;

describe("the disks of a domain", () => {
  it("are ready where each has its image", () => {
    expect(look(domain())).toEqual(says("True DisksReady: Every disk has its image"));
  });

  it.each<[string, DomainObservation, string]>([
    [`${image} does not exist yet`, both(missing), make("bella")],
    [`${image} has 512 of 1073741824 bytes`, both({ sizeBytes: 512 }, images), make("bella", "12 34")],
    [
      `${image} is not recorded as an image of the domain yet`,
      both({ record: { identity: "12 34", owner: "san/vm 7", uuid, origin: "Made" } }),
      make("bella"),
    ],
    [
      `${image} does not exist yet`,
      both(missing, { recorded: { ...domain().recorded, host: "brutus" } }),
      make("brutus"),
    ],
    [
      `${image} does not exist yet`,
      domain({ hosts: [host("bella", sees(missing)), host("brutus", sees(missing), { busy: true })] }),
      make("brutus"),
    ],
    [
      `${image} does not exist yet`,
      domain({ hosts: [host("bella", sees(missing), { fresh: false }), host("brutus", sees(missing))] }),
      make("brutus"),
    ],
    [
      `${image} does not exist yet`,
      both({ ...file(), ...missing, record: file().record }, { approved }),
      make("bella", "-", "-", "12 34"),
    ],
    ...(
      [
        ["proved dead", host("brutus", {}, { view: unreachable, gone })],
        ["back, and copies nothing", host("brutus", sees({ ...missing, work: { state: "Interrupted", bytes: 7 } }))],
        ["with a look at the file, and copies nothing", host("brutus", sees({ ...missing, work: elsewhere }))],
      ] as const
    ).map(([_how, other]): [string, DomainObservation, string] => [
      `${image} does not exist yet`,
      domain({ hosts: [host("bella", sees({ ...missing, work: elsewhere })), other] }),
      make("bella"),
    ]),
  ])("are worked on by one host: %s", (message, one, step) => {
    expect(look(one)).toEqual(says(`False Progressing: ${message}`, step));
  });

  it.each<[string, DomainObservation]>([
    [
      `False Progressing: ${image} is being copied, 7 bytes so far`,
      both({ ...missing, work: { state: "Copying", bytes: 7 } }),
    ],
    [
      // The look of the first host is older than the copy of the other one.
      `False Progressing: ${image} is being copied, 7 bytes so far`,
      domain({
        hosts: [
          host("bella", sees(missing)),
          host("brutus", sees({ ...missing, work: { state: "Copying", bytes: 7 } })),
        ],
      }),
    ],
    ...[
      host("brutus", sees({ ...missing, work: { state: "Copying", bytes: 7 } })),
      // Its look is older than the file.
      host("brutus", sees(missing)),
      host("brutus", {}, { view: unreachable }),
    ].map((other): [string, DomainObservation] => [
      `False Progressing: ${image} is being copied, 7 bytes so far`,
      domain({ hosts: [host("bella", sees({ ...missing, work: elsewhere })), other] }),
    ]),
    [
      `False ImageMissing: ${image} no longer exists; it was inode 12. Restore that file, or ${giveUp}`,
      both(missing, images),
    ],
    [
      `False ImageChanged: ${image} is inode 99, but inode 12 was recorded: restore the recorded file, or ${giveUp}`,
      both({ identity: "99 1" }),
    ],
    [
      `False ImageChanged: ${image} has 512 bytes, but had 1073741824, and xensan does not grow it, because the rest would be zeroes: restore the file in place, or ${giveUp.replace("accept that it", "accept that the rest")}`,
      both({ sizeBytes: 512 }, whole),
    ],
    [
      `False ImageForeign: ${image} exists, and xensan did not make it: use another path, or have the owner of XenHost bella add this one to spec.allowed.images`,
      both({ record: undefined }),
    ],
    [
      `False ImageForeign: ${image} exists, and it is the image of san/other, domain ${uuid}: use another path, or have the owner of XenHost bella add this one to spec.allowed.images`,
      both({ record: { identity: "12 34", owner: "san/other 2", uuid, origin: "Made" } }),
    ],
    [`False ImageForeign: ${image} is not a regular file: xensan does not change it`, both({ kind: "Other" })],
    [
      `False ImageInUse: ${image} is used by process 77 on brutus`,
      domain({
        hosts: [
          host("bella", sees({ sizeBytes: 512 })),
          host("brutus", sees({ users: [{ kind: "process", name: "77", domain: undefined }] })),
        ],
      }),
    ],
    [
      `Unknown FactsUnknown: XenHost bella did not report what is at ${image}`,
      domain({ hosts: [host("bella", { images: known([]) }), host("brutus")] }),
    ],
    [
      `Unknown FactsUnknown: XenHost bella did not report what is at ${image}: no answer within 20 seconds`,
      domain({
        hosts: [host("bella", { images: { state: "unknown", why: "no answer within 20 seconds" } }), host("brutus")],
      }),
    ],
    [
      `Unknown FactsUnknown: XenHost bella did not report what is at ${image}: Input/output error`,
      domain({
        hosts: [
          host("bella", { images: { state: "known", value: [], unread: [{ why: "Input/output error", row: image }] } }),
          host("brutus"),
        ],
      }),
    ],
    [
      "Unknown FilesystemNotMounted: /srv/data is not mounted on any reachable host",
      domain({ hosts: [host("bella", {}, { view: unreachable }), host("brutus", {}, { fresh: false })] }),
    ],
    [
      "Unknown FilesystemNotMounted: /srv/data is not mounted on any reachable host",
      domain({ hosts: [host("carl", sees(missing))] }),
    ],
  ])("are not touched where it says %s", (condition, one) => {
    expect(look(one)).toEqual(says(condition));
  });

  it("keep their largest size in the status while a part of them is lost, or another file has their name", () => {
    const sized = (rest: Partial<ImageFact>, more: Partial<DomainObservation> = whole) => {
      const status: XenDomainStatus = {};
      describeDomain(status, both(rest, more), []);
      return status.disks?.[0]?.size;
    };
    expect(sized({ sizeBytes: 512 })).toBe("1Gi");
    expect(sized(missing)).toBe("1Gi");
    expect(sized({ identity: "99 1", sizeBytes: 2 ** 31 })).toBe("1Gi");
    expect(sized({ sizeBytes: 2 ** 31 })).toBe("2Gi");
    expect(sized({ sizeBytes: 2 ** 29 }, {})).toBe("512Mi");
    expect(sized(missing, {})).toBe(undefined);
  });

  it("are not touched where there are more than a host is asked about", () => {
    const bella = host("bella", { images: known([]) });
    if (bella.machine.state === "Found") bella.machine.watched.leftOut = new Set([image]);
    const one = domain({ hosts: [bella, host("brutus")] });
    const why =
      "a host is asked about 2048 images at most, those of the oldest XenDomains; delete XenDomains, or have some in another Ocfs2Cluster";
    expect(look(one)).toEqual(says(`Unknown FactsUnknown: XenHost bella did not report what is at ${image}: ${why}`));
    expect(silentAbout(one, image)).toEqual([`bella (${why})`]);
  });

  describe("and CD-ROM drives", () => {
    const iso = "/srv/data/iso/debian.iso";
    const cdroms = [
      { device: "hdc", filesystemRef: { clusterRef: { name: "data" }, label: "DATA" }, path: "iso/debian.iso" },
    ];
    const drive = (
      seen: Partial<ImageFact>,
      rest: { readonly templates?: string[]; readonly sourceOf?: string } = {},
    ) => {
      const facts = { images: known([file(), file({ path: iso, record: undefined, ...seen })]) };
      const one = domain({ hosts: [host("bella", facts), host("brutus", facts)] }, { cdroms });
      const place = { templates: ["iso/*.iso"], ...rest };
      const placed = one.cdroms.map(({ disk, filesystem: found }): (typeof one.cdroms)[number] => ({
        disk,
        filesystem: found.state === "Found" ? { ...found, ...place } : found,
      }));
      return { ...one, cdroms: placed };
    };

    it("are ready where the owner of the file system lists the image", () => {
      expect(look(drive({}))).toEqual(says("True DisksReady: Every disk has its image"));
    });

    it.each<[string, DomainObservation]>([
      [
        `False SourceNotTemplate: ${iso} matches none of the templates of its file system (none listed)${advice("SourceNotTemplate")}`,
        drive({}, { templates: [] }),
      ],
      [
        `False SourceInUse: ${iso} is an image of XenDomain web${advice("SourceInUse")}`,
        drive({}, { sourceOf: "web" }),
      ],
      [`False SourceInUse: ${iso} was made for a domain${advice("SourceInUse")}`, drive({ record: file().record })],
      [`False SourceMissing: ${iso} does not exist or is not a regular file${advice("SourceMissing")}`, drive(missing)],
      [
        `Unknown FactsUnknown: XenHost bella did not report what is at ${iso}`,
        { ...drive({}), hosts: [host("bella"), host("brutus")] },
      ],
    ])("are not where it says %s", (condition, one) => {
      expect(look(one)).toEqual(says(condition));
    });
  });

  describe("with a source", () => {
    const from = (rest: { readonly templates?: readonly string[]; readonly sourceOf?: string }) =>
      both(missing, {
        disks: domain().disks.map(
          ({ disk, filesystem: place }): ObservedDisk => ({
            disk: { ...disk, sourcePath: "templates/debian.img" },
            filesystem: place.state === "Found" ? { ...place, ...rest } : place,
          }),
        ),
      });

    it("are copied from what the owner of the file system lists", () => {
      expect(look(from({ templates: ["templates/*"] }))).toEqual(
        says(
          `False Progressing: ${image} does not exist yet`,
          make("bella", "-", "/srv/data/templates/debian.img", "- templates/*"),
        ),
      );
    });

    const source = "/srv/data/templates/debian.img";
    const outside = (listed: string) =>
      `False SourceNotTemplate: ${source} matches none of the templates of its file system (${listed})${advice("SourceNotTemplate")}`;

    it.each<[string, Parameters<typeof from>[0]]>([
      [outside("golden/*"), { templates: ["golden/*"] }],
      [outside("none listed"), {}],
      [
        `False SourceInUse: ${source} is an image of XenDomain web${advice("SourceInUse")}`,
        { templates: ["templates/*"], sourceOf: "web" },
      ],
    ])("are not copied from anything else: %s", (condition, rest) => {
      expect(look(from(rest))).toEqual(says(condition));
    });
  });
});
