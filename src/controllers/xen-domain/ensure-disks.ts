import { quantityBytes } from "../../api/quantity.ts";
import { globMatches } from "../../host/glob.ts";
import { ensureImage } from "../../host/image-actions.ts";
import { type Finding, found, no, unknown, yes } from "../finding.ts";
import { advice, type Step, stepOf } from "../hosts/step.ts";
import { xenHost } from "../identity.ts";
import { givenUp, imageOn, judgeImage, mayFind, strangersAt } from "./images.ts";
import {
  type DomainObservation,
  factsOf,
  imagePath,
  isPlaced,
  type ObservedHost,
  type PlacedDisk,
} from "./observation.ts";

const type = "DisksReady";

/** Every disk has its image, of at least the size of the spec. One host does the work, for all see the same files. */
export function ensureDisks(domain: DomainObservation): Finding {
  const steps: Step[] = [];
  const open: string[] = [];
  const bad: { readonly reason: BadReason; readonly message: string }[] = [];
  for (const disk of domain.disks.filter(isPlaced)) {
    const worker = workerFor(domain, disk);
    const path = imagePath(disk);
    if (worker === undefined) {
      bad.push({
        reason: "FilesystemNotMounted",
        message: `${disk.filesystem.mountPoint} is not mounted on any reachable host`,
      });
      continue;
    }
    const image = imageOn(worker, path);
    if (image === undefined) {
      bad.push({ reason: "FactsUnknown", message: `XenHost/${worker.name} did not report what is at ${path}` });
      continue;
    }
    const users = strangersAt(domain, path);
    if (users.length > 0) {
      bad.push({ reason: "ImageInUse", message: `${path} is used by ${users.join(" and ")}` });
      continue;
    }
    const wanted = quantityBytes(disk.disk.size);
    const check = judgeImage(domain, worker, image, wanted);
    const unfit = check.kind === "Open" && image.kind === "Missing" ? unfitSource(disk) : undefined;
    if (unfit !== undefined) {
      bad.push(unfit);
      continue;
    }
    if (check.kind === "Bad") bad.push(check);
    if (check.kind === "Copying" || check.kind === "Open") open.push(check.message);
    if (check.kind === "Open") steps.push(imageStep(domain, worker, disk, wanted));
  }
  const [first] = bad;
  if (first !== undefined) {
    const say = first.reason === "FactsUnknown" || first.reason === "FilesystemNotMounted" ? unknown : no;
    return found([say(type, first.reason, bad.map(({ message }) => message).join("; "))], steps);
  }
  if (open.length > 0) return found([no(type, "Progressing", open.join("; "))], steps);
  return found([yes(type, "DisksReady", "Every disk has its image")]);
}

type BadReason =
  | "ImageForeign"
  | "ImageMissing"
  | "ImageChanged"
  | "ImageInUse"
  | "FactsUnknown"
  | "FilesystemNotMounted"
  | "SourceNotTemplate"
  | "SourceInUse";

/** Only what the owner of the file system lists is copied, and never the image of a domain. */
function unfitSource({ disk: { sourcePath }, filesystem }: PlacedDisk) {
  if (sourcePath === undefined) return undefined;
  const { mountPoint, templates, sourceOf } = filesystem;
  const path = `${mountPoint}/${sourcePath}`;
  if (!templates.some((glob) => globMatches(glob, sourcePath))) {
    const listed = templates.length === 0 ? "there are none" : templates.join(", ");
    const message = `${path} is in none of the templates of its file system (${listed})${advice("SourceNotTemplate")}`;
    return { reason: "SourceNotTemplate", message } as const;
  }
  if (sourceOf === undefined) return undefined;
  return {
    reason: "SourceInUse",
    message: `${path} is an image of XenDomain ${sourceOf}${advice("SourceInUse")}`,
  } as const;
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

/** The host that is at it, or on which it runs or ran, else the first that has the file system mounted and can be asked. */
export function workerFor({ hosts, recorded }: DomainObservation, disk: PlacedDisk): ObservedHost | undefined {
  const able = hosts.filter((host) => disk.filesystem.mountedOn.includes(host.name) && isAsked(host));
  const busy = able.find(({ machine }) => machine.state === "Found" && machine.busy);
  return busy ?? able.find(({ name }) => name === recorded.host) ?? able[0];
}

const isAsked = (host: ObservedHost) =>
  factsOf(host) !== undefined && host.machine.state === "Found" && host.machine.fresh;
