import { formatQuantity } from "../../api/quantity.ts";
import type { XenDomainStatus } from "../../api/xen-domain.ts";
import type { ImageFact } from "../../host/xen-facts.ts";
import { rfc3339 } from "../../runtime/conditions.ts";
import { domainState } from "../domain-state.ts";
import { isOn, type Step } from "../hosts/step.ts";
import { isMarkOf, xenHost } from "../identity.ts";
import { configurationFor } from "./ensure-configurations.ts";
import { workerFor } from "./ensure-disks.ts";
import { imageOn } from "./images.ts";
import { type DomainObservation, imagePath, isPlaced } from "./observation.ts";
import { runningOn } from "./pending-restart.ts";

type DiskStatus = NonNullable<XenDomainStatus["disks"]>[number];

/** Writes the fields of the status other than conditions. */
export function describeDomain(status: XenDomainStatus, domain: DomainObservation, steps: readonly Step[]): void {
  const running = runningOn(domain);
  if (running === undefined) {
    delete status.domainID;
    delete status.state;
  } else {
    status.hostRef = { name: running.host.name };
    status.domainID = running.domain.id;
    status.state = domainState(running.domain.state);
  }
  const start = steps.find(({ action }) => action === "start-domain");
  if (start !== undefined) {
    const host = domain.hosts.find(({ name }) => isOn(start, xenHost(name)));
    const digest = host && configurationFor(domain, host)?.digest;
    if (digest !== undefined) status.configuration = digest;
  }
  if (steps.some(({ action }) => action === "stop-domain")) status.shutdownTime ??= rfc3339(domain.now);
  else delete status.shutdownTime;
  const before = status.disks ?? [];
  const disks: DiskStatus[] = domain.disks.flatMap((disk) => {
    // A recorded disk stays in the status while its image cannot be seen.
    if (!isPlaced(disk)) return before.filter(({ device }) => device === disk.disk.device);
    const worker = workerFor(domain, disk);
    const image = worker && imageOn(worker, imagePath(disk));
    const identity = domain.recorded.images.get(imagePath(disk)) ?? recordedIdentity(domain, image);
    return {
      device: disk.disk.device,
      image: imagePath(disk),
      ...(identity === undefined ? {} : { identity }),
      ...sizeOf(domain, imagePath(disk), identity, image),
      ...(image?.work?.state === "Copying" ? { copied: formatQuantity(image.work.bytes) } : {}),
    };
  });
  if (disks.length > 0) status.disks = disks;
  else delete status.disks;
}

/** The largest size of the image: another file of its name, or a part of it, does not change that. */
function sizeOf(
  { recorded }: DomainObservation,
  path: string,
  identity: string | undefined,
  image: ImageFact | undefined,
): Pick<DiskStatus, "size"> {
  const isIt = image?.kind === "File" && (identity === undefined || image.identity === identity);
  const sizes = [recorded.sizes.get(path) ?? [], isIt ? image.sizeBytes : []].flat();
  return sizes.length === 0 ? {} : { size: formatQuantity(Math.max(...sizes)) };
}

/** The identity of an image that exists and is recorded on its file system for this domain. */
function recordedIdentity({ owner, uuid }: DomainObservation, image: ImageFact | undefined): string | undefined {
  const record = image?.record;
  if (image?.kind !== "File" || record === undefined || record.origin === "Making") return undefined;
  const own = isMarkOf(owner, record.owner) && record.uuid === uuid;
  return own && record.identity === image.identity ? image.identity : undefined;
}
