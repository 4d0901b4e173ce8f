import type { XenDomainStatus } from "../../api/xen-domain.ts";
import { whyUnread } from "../../host/facts.ts";
import { globMatches } from "../../host/glob.ts";
import type { ImageFact, ImageRecord } from "../../host/xen-facts.ts";
import { approvedOf, countsOnce } from "../directives.ts";
import { hasEnded } from "../gone/gone.ts";
import { mostPaths } from "../hosts/machines.ts";
import { isMarkOf, markedName, refTo } from "../identity.ts";
import type { World } from "../world.ts";
import { type DomainObservation, factsOf, imagePath, isPlaced, type ObservedHost } from "./observation.ts";

/** The state of one image, and what is needed. */
export type ImageCheck =
  | { readonly kind: "Ready" }
  /** The image must be created or grown, or its record written. */
  | { readonly kind: "Open"; readonly message: string }
  | { readonly kind: "Copying"; readonly message: string }
  | {
      readonly kind: "Bad";
      readonly reason: "ImageForeign" | "ImageMissing" | "ImageChanged";
      readonly message: string;
    };

/**
 * Compares the file with the records of its file system and of the status. A recorded image is never created again: if
 * its file is missing, that is an alarm.
 */
export function judgeImage(
  domain: DomainObservation,
  worker: ObservedHost,
  image: ImageFact,
  bytes: number,
): ImageCheck {
  const { path, kind, identity, sizeBytes } = image;
  const work = workOn(domain, worker, image);
  const record = image.record && isGivenUp(domain, image, image.record) ? undefined : image.record;
  const known = domain.recorded.images.get(path) ?? (record?.origin === "Making" ? undefined : record?.identity);
  const bad = (reason: Extract<ImageCheck, { kind: "Bad" }>["reason"], message: string): ImageCheck => ({
    kind: "Bad",
    reason,
    message,
  });
  if (kind === "Other") return bad("ImageForeign", `${path} is not a regular file: xensan does not change it`);
  if (kind === "Missing" && known !== undefined)
    return bad(
      "ImageMissing",
      `${path} no longer exists; it was inode ${inodeOf(known)}. Restore that file, or ${givingUp(path, known)}`,
    );
  if (work?.state === "Copying")
    return { kind: "Copying", message: `${path} is being copied, ${work.bytes} bytes so far` };
  if (kind === "Missing") return { kind: "Open", message: `${path} does not exist yet` };
  const differs = [known, record?.identity].find((one) => one !== undefined && one !== identity);
  if (differs !== undefined)
    return bad(
      "ImageChanged",
      `${path} is inode ${inodeOf(identity)}, but inode ${inodeOf(differs)} was recorded: restore the recorded file, or ${givingUp(path, differs)}`,
    );
  const before = domain.recorded.sizes.get(path) ?? 0;
  if (sizeBytes < before)
    return bad(
      "ImageChanged",
      `${path} has ${sizeBytes} bytes, but had ${before}, and xensan does not grow it, because the rest would be zeroes: restore the file in place, or ${givingUp(path, identity ?? "", "the rest")}`,
    );
  const own = record === undefined ? known !== undefined : isOwn(domain, record);
  if (!own && !mayFind(worker, path)) {
    const whose = record === undefined ? "xensan did not make it" : `it is the image of ${whoseText(record)}`;
    return bad(
      "ImageForeign",
      `${path} exists, and ${whose}: use another path, or have the owner of XenHost ${worker.name} add this one to spec.allowed.images`,
    );
  }
  if (work !== undefined || sizeBytes < bytes)
    return { kind: "Open", message: `${path} has ${sizeBytes} of ${bytes} bytes` };
  const { owner, uuid } = domain;
  const written =
    record !== undefined &&
    record.origin !== "Making" &&
    record.uuid === uuid &&
    record.owner === `${owner.namespace}/${owner.name} ${owner.uid}`;
  return written
    ? { kind: "Ready" }
    : { kind: "Open", message: `${path} is not recorded as an image of the domain yet` };
}

/**
 * The copy to the image that is going on, or was interrupted on this host. That of another host is over if it is proved
 * dead, or sees the file of a copy and copies nothing: a look that is older than the file shows none.
 */
function workOn(domain: DomainObservation, worker: ObservedHost, { kind, path, work }: ImageFact): ImageFact["work"] {
  const others = domain.hosts.filter(({ name }) => name !== worker.name);
  // The look of the worker may be older than the copy.
  const begun = others.map((host) => imageOn(host, path)?.work).find((one) => one?.state === "Copying");
  if (kind === "Missing" && begun !== undefined) return begun;
  if (work?.state !== "Elsewhere") return work;
  const disk = domain.disks.filter(isPlaced).find((one) => imagePath(one) === path);
  const isOver = (host: ObservedHost) => {
    const { machine } = host;
    if (machine.state === "NotFound") return machine.heard === undefined;
    if (machine.state === "Found" && hasEnded(machine.gone)) return true;
    if (factsOf(host) !== undefined && disk?.filesystem.mountedOn.includes(host.name) === false) return true;
    const own = imageOn(host, path)?.work?.state;
    return own === "Interrupted" || own === "Elsewhere";
  };
  return others.every(isOver) ? undefined : { state: "Copying", bytes: work.bytes };
}

/** How far a copy to the path has come that a host may still be making; undefined if none goes on. */
export function copyTo(domain: DomainObservation, path: string): { readonly bytes: number } | undefined {
  for (const host of domain.hosts) {
    const image = imageOn(host, path);
    const work = image && workOn(domain, host, image);
    if (work?.state === "Copying") return { bytes: work.bytes };
  }
  return undefined;
}

const givingUp = (path: string, identity: string, lost: "it" | "the rest" = "it") =>
  `halt the domain and set the annotation xensan.dev/approve="ReplaceImage:${identity} ${path}" to accept that ${lost} is lost (${countsOnce})`;

/** `INODE BIRTH` of the image at the path that a person gave up, so that another file may replace it. */
export function givenUp(approved: string | undefined, path: string): string | undefined {
  const image = replacedImage(approved);
  return image?.path === path ? image.identity : undefined;
}

/** The image that `ReplaceImage:INODE BIRTH PATH` gives up. */
function replacedImage(approved: string | undefined): { readonly identity: string; readonly path: string } | undefined {
  const [inode, birth, ...rest] = approvedOf("ReplaceImage", { approved })?.split(" ") ?? [];
  return birth === undefined ? undefined : { identity: `${inode} ${birth}`, path: rest.join(" ") };
}

/** Whether the image that a person gave up is there again, or another one was recorded in its place. */
export function isGivingUpOver(
  { freshness }: Pick<World, "freshness">,
  { owner, hosts, recorded }: Pick<DomainObservation, "owner" | "hosts" | "recorded">,
  approved: string | undefined,
  disks: XenDomainStatus["disks"] = [],
): boolean {
  const given = replacedImage(approved);
  if (given === undefined) return false;
  const { identity, path } = given;
  const known = disks.find(({ image }) => image === path)?.identity;
  const ref = refTo("XenDomain", owner.namespace, owner.name);
  const seen = hosts.flatMap((host) =>
    host.machine.state === "Found" && freshness.isFresh(ref, host.machine.watched) ? (imageOn(host, path) ?? []) : [],
  );
  const there = seen.filter((image) => image.identity === identity);
  // The rest of it is given up only while the domain is on no host: until then its size stays recorded.
  if (there.length > 0) return there.every(({ sizeBytes }) => sizeBytes >= (recorded.sizes.get(path) ?? 0));
  return known !== undefined && known !== identity && seen.some((image) => image.identity === known);
}

/** Only the record of this domain can be given up, and only while the recorded file is not there. */
const isGivenUp = (domain: DomainObservation, { path, identity }: ImageFact, record: ImageRecord) =>
  givenUp(domain.approved, path) === record.identity &&
  identity !== record.identity &&
  isMarkOf(domain.owner, record.owner);

const inodeOf = (identity: string | undefined) => identity?.split(" ")[0] ?? "unknown";

function isOwn({ owner, uuid }: DomainObservation, record: ImageRecord): boolean {
  return isMarkOf(owner, record.owner) && (record.uuid === "" || record.uuid === uuid);
}

function whoseText({ owner, uuid }: ImageRecord): string {
  const name = markedName(owner) ?? "";
  return uuid === "" ? name : `${name}, domain ${uuid}`;
}

/** True if the owner of the host allows a file that xensan did not create for this object as an image. */
export function mayFind({ machine }: ObservedHost, path: string): boolean {
  return machine.state === "Found" && machine.spec.allowed.images.some((glob) => globMatches(glob, path));
}

/** What a host shows at the path of an image; undefined where it does not report it. */
export function imageOn(host: ObservedHost, path: string): ImageFact | undefined {
  const images = factsOf(host)?.images;
  return images?.state === "known" ? images.value.find((image) => image.path === path) : undefined;
}

/** Why a host did not tell what is at the path, where that is known. */
export function whySilent(host: ObservedHost, path: string): string | undefined {
  const { machine } = host;
  if (machine.state === "Found" && machine.watched.leftOut.has(path))
    return `a host is asked about ${mostPaths} images at most, those of the oldest XenDomains; delete XenDomains, or have some in another Ocfs2Cluster`;
  const images = factsOf(host)?.images;
  return images && whyUnread(images, path);
}

/** Other users of the file on all reachable hosts: `domain web (id 3) on bella`. */
export function strangersAt({ hosts, uuid }: Pick<DomainObservation, "hosts" | "uuid">, path: string): string[] {
  return hosts.flatMap((host) => {
    const domains = factsOf(host)?.domains;
    const rows = new Map((domains?.state === "known" ? domains.value.domains : []).map((row) => [row.id, row]));
    return (imageOn(host, path)?.users ?? []).flatMap(({ kind, name, domain }) => {
      const row = domain === undefined ? undefined : rows.get(domain);
      if (row?.uuid === uuid) return [];
      const through = kind === "loop" ? `loop device ${name}` : `process ${name}`;
      const user = row === undefined ? through : `domain ${row.name} (id ${row.id}, ${row.uuid})`;
      return [`${user} on ${host.name}`];
    });
  });
}

/** Reachable hosts of the file systems that have not reported what is at the path, and why. */
export function silentAbout({ hosts }: Pick<DomainObservation, "hosts">, path: string): string[] {
  return hosts.flatMap((host) => {
    const images = factsOf(host)?.images;
    if (images === undefined || images.state === "absent") return [];
    if (images.state === "unknown") return [host.name];
    if (images.value.some((image) => image.path === path)) return [];
    const why = whySilent(host, path);
    return [why === undefined ? host.name : `${host.name} (${why})`];
  });
}
