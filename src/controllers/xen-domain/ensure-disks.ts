import { quantityBytes } from "../../api/quantity.ts";
import { globMatches } from "../../host/glob.ts";
import { ensureImage } from "../../host/image-actions.ts";
import { type Finding, found, no, unknown, yes } from "../finding.ts";
import { advice, type Step, stepOf } from "../hosts/step.ts";
import { xenHost } from "../identity.ts";
import { givenUp, imageOn, judgeImage, mayFind, strangersAt, whySilent } from "./images.ts";
import {
  type DomainObservation,
  factsOf,
  imagePath,
  isPlaced,
  type ObservedHost,
  type PlacedCdrom,
  type PlacedDisk,
} from "./observation.ts";

const type = "DisksReady";

/**
 * Ensures that every disk has its image, of at least the size of the spec, and that every CD-ROM drive may have its
 * image. One host does the work, because all see the same files.
 */
export function ensureDisks(domain: DomainObservation): Finding {
  const steps: Step[] = [];
  const open: string[] = [];
  const bad: BadImage[] = [];
  for (const disk of domain.disks.filter(isPlaced)) {
    const seen = seenImage(domain, disk);
    if ("reason" in seen) {
      bad.push(seen);
      continue;
    }
    const { worker, image } = seen;
    const path = imagePath(disk);
    const users = strangersAt(domain, path);
    if (users.length > 0) {
      bad.push({ reason: "ImageInUse", message: `${path} is used by ${users.join(" and ")}` });
      continue;
    }
    const wanted = quantityBytes(disk.disk.size);
    const check = judgeImage(domain, worker, image, wanted);
    const unfit =
      check.kind === "Open" && image.kind === "Missing"
        ? unfitSource(disk.disk.sourcePath, disk.filesystem)
        : undefined;
    if (unfit !== undefined) {
      bad.push(unfit);
      continue;
    }
    if (check.kind === "Bad") bad.push(check);
    if (check.kind === "Copying" || check.kind === "Open") open.push(check.message);
    if (check.kind === "Open") steps.push(imageStep(domain, worker, disk, wanted));
  }
  bad.push(...domain.cdroms.filter(isPlaced).flatMap((drive) => unfitCdrom(domain, drive) ?? []));
  const [first] = bad;
  if (first !== undefined) {
    const say = first.reason === "FactsUnknown" || first.reason === "FilesystemNotMounted" ? unknown : no;
    return found([say(type, first.reason, bad.map(({ message }) => message).join("; "))], steps);
  }
  if (open.length > 0) return found([no(type, "Progressing", open.join("; "))], steps);
  return found([yes(type, "DisksReady", "Every disk has its image")]);
}

interface BadImage {
  readonly reason: BadReason;
  readonly message: string;
}

type BadReason =
  | "ImageForeign"
  | "ImageMissing"
  | "ImageChanged"
  | "ImageInUse"
  | "FactsUnknown"
  | "FilesystemNotMounted"
  | "SourceNotTemplate"
  | "SourceMissing"
  | "SourceInUse";

/** The image as its worker shows it, or why it is not known. */
function seenImage(domain: DomainObservation, disk: PlacedDisk | PlacedCdrom) {
  const worker = workerFor(domain, disk);
  const path = imagePath(disk);
  const bad = (reason: BadReason, message: string): BadImage => ({ reason, message });
  if (worker === undefined)
    return bad("FilesystemNotMounted", `${disk.filesystem.mountPoint} is not mounted on any reachable host`);
  const image = imageOn(worker, path);
  if (image !== undefined) return { worker, image };
  const why = whySilent(worker, path) ?? "";
  return bad("FactsUnknown", `XenHost ${worker.name} did not report what is at ${path}${why === "" ? "" : `: ${why}`}`);
}

/** Only templates that the owner of the file system lists may be copied or read, and never the image of a domain. */
function unfitSource(source: string | undefined, filesystem: PlacedDisk["filesystem"]): BadImage | undefined {
  if (source === undefined) return undefined;
  const { mountPoint, templates, sourceOf } = filesystem;
  const path = `${mountPoint}/${source}`;
  if (!templates.some((glob) => globMatches(glob, source))) {
    const listed = templates.length === 0 ? "none listed" : templates.join(", ");
    const message = `${path} matches none of the templates of its file system (${listed})${advice("SourceNotTemplate")}`;
    return { reason: "SourceNotTemplate", message };
  }
  if (sourceOf === undefined) return undefined;
  return { reason: "SourceInUse", message: `${path} is an image of XenDomain ${sourceOf}${advice("SourceInUse")}` };
}

/** Why the drive may not have its image. */
function unfitCdrom(domain: DomainObservation, drive: PlacedCdrom): BadImage | undefined {
  const unfit = unfitSource(drive.disk.path, drive.filesystem);
  if (unfit !== undefined) return unfit;
  const seen = seenImage(domain, drive);
  if ("reason" in seen) return seen;
  const { kind, path, record } = seen.image;
  if (kind !== "File")
    return {
      reason: "SourceMissing",
      message: `${path} does not exist or is not a regular file${advice("SourceMissing")}`,
    };
  if (record === undefined) return undefined;
  return { reason: "SourceInUse", message: `${path} was made for a domain${advice("SourceInUse")}` };
}

function imageStep(
  { owner, uuid: domain, recorded, approved }: DomainObservation,
  worker: ObservedHost,
  disk: PlacedDisk,
  sizeBytes: number,
): Step {
  const { mountPoint, uuid, templates } = disk.filesystem;
  const { sourcePath } = disk.disk;
  const path = imagePath(disk);
  const known = recorded.images.get(path);
  const command = ensureImage({
    owner,
    uuid: domain,
    path,
    mountPoint,
    filesystem: uuid,
    sizeBytes,
    ...(known === undefined ? {} : { recorded: known }),
    mayFind: mayFind(worker, path),
    replaces: givenUp(approved, path),
    ...(sourcePath === undefined ? {} : { source: `${mountPoint}/${sourcePath}`, templates }),
  });
  return stepOf(xenHost(worker.name), command);
}

/**
 * The host that works on the disk, or where the domain runs or ran, else the first reachable one with the file system
 * mounted.
 */
export function workerFor(
  { hosts, recorded }: DomainObservation,
  disk: Pick<PlacedDisk, "filesystem">,
): ObservedHost | undefined {
  const able = hosts.filter((host) => disk.filesystem.mountedOn.includes(host.name) && isAsked(host));
  const busy = able.find(({ machine }) => machine.state === "Found" && machine.busy);
  return busy ?? able.find(({ name }) => name === recorded.host) ?? able[0];
}

const isAsked = (host: ObservedHost) =>
  factsOf(host) !== undefined && host.machine.state === "Found" && host.machine.fresh;
