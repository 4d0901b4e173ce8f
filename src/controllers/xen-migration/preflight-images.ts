import type { HostFacts } from "../../host/facts.ts";
import type { ImageFact } from "../../host/xen-facts.ts";
import { markedName } from "../identity.ts";
import type { Problem, Traveller } from "./transfer.ts";

interface Side {
  readonly name: string;
  readonly facts: HostFacts;
}

/**
 * Checks that each image is the recorded file on both hosts and is used by the domain only, and that the image in a
 * CD-ROM drive is a file on both. The disks of a bare domain are known on its host only: start-migration checks them.
 */
export function imageProblems({ uuid, images = [], cdroms = [] }: Traveller, sides: readonly Side[]): Problem[] {
  const on = (paths: readonly string[], problem: (image: ImageFact, side: Side) => Problem | undefined) =>
    paths.flatMap((path) => sides.flatMap((side) => problemOf(path, side, problem) ?? []));
  return [...on(images, (image, side) => problemOfDisk(image, uuid, side)), ...on(cdroms, problemOfCdrom)];
}

function problemOf(path: string, side: Side, problem: (image: ImageFact, side: Side) => Problem | undefined) {
  const { images } = side.facts;
  const known = images.state === "known" ? images.value : [];
  const image = known.find((one) => one.path === path);
  if (image !== undefined) return problem(image, side);
  return { reason: "HostUnknown" as const, message: `${side.name} has not reported yet what is at ${path}` };
}

const problemOfCdrom = ({ path, kind }: ImageFact, { name }: Side): Problem | undefined =>
  kind === "File"
    ? undefined
    : { reason: "SourceMissing", message: `${path} on ${name} does not exist or is not a regular file` };

function problemOfDisk(image: ImageFact, uuid: string, { name, facts }: Side): Problem | undefined {
  const { path, kind, identity, record } = image;
  if (kind === "Missing") return { reason: "ImageMissing", message: `${path} does not exist on ${name}` };
  if (kind === "Other") return { reason: "ImageChanged", message: `${path} on ${name} is not a regular file` };
  if (record === undefined)
    return {
      reason: "ImageForeign",
      message: `${path} is not recorded as an image on its file system, according to ${name}`,
    };
  if (record.identity !== identity)
    return {
      reason: "ImageChanged",
      message: `${path} on ${name} is inode ${identity}, but inode ${record.identity} was recorded`,
    };
  if (record.uuid !== "" && record.uuid !== uuid)
    return { reason: "ImageForeign", message: `${path} is the image of domain ${record.uuid}, according to ${name}` };
  const [user] = strangers(image, uuid, facts);
  return user === undefined ? undefined : { reason: "ImageInUse", message: `${path} is used by ${user} on ${name}` };
}

function strangers({ users }: ImageFact, uuid: string, { domains }: HostFacts): string[] {
  const rows = domains.state === "known" ? domains.value.domains : [];
  return users.flatMap(({ kind, name, domain }) => {
    const row = rows.find(({ id }) => id === domain);
    if (row?.uuid === uuid) return [];
    return [row === undefined ? `${kind} ${name}` : `domain ${row.name} (id ${row.id}, ${row.uuid})`];
  });
}

/** Checks that the domain is declared by the XenDomain that moves it, not by one of another namespace or name. */
export function ownershipProblems(
  { uuid, name, owner }: Traveller,
  source: Side,
  allowedDomains: readonly string[],
): Problem[] {
  const known = source.facts.domainConfigurations;
  const declarer =
    known.state === "known" ? markedName(known.value.find((one) => one.uuid === uuid)?.owner) : undefined;
  const what = `${name} (${uuid}) on ${source.name}`;
  if (declarer !== undefined && owner !== undefined && declarer !== owner)
    return [{ reason: "DomainTaken", message: `${what} is declared by XenDomain ${declarer}, not by ${owner}` }];
  if (declarer === undefined && owner !== undefined && !allowedDomains.includes(uuid))
    return [
      {
        reason: "DomainTaken",
        message: `${what} was not started by xensan for XenDomain ${owner}: add its UUID to spec.allowed.domains of XenHost ${source.name} to take it over`,
      },
    ];
  return [];
}
