import type { XenDomainStatus } from "../../api/xen-domain.ts";
import { rfc3339 } from "../../runtime/conditions.ts";
import type { Step } from "../hosts/step.ts";
import { configurationFor } from "./ensure-configurations.ts";
import { imageOn, workerFor } from "./ensure-disks.ts";
import { type DomainObservation, imagePath, isPlaced } from "./observation.ts";
import { runningOn } from "./pending-restart.ts";

/** What the status keeps besides conditions. */
export function describeDomain(status: XenDomainStatus, domain: DomainObservation, steps: readonly Step[]): void {
  const running = runningOn(domain);
  if (running === undefined) {
    delete status.domid;
    delete status.state;
  } else {
    status.host = running.host.name;
    status.domid = running.domain.id;
    status.state = running.domain.state.slice(0, 16);
  }
  const start = steps.find(({ action }) => action === "start-domain");
  if (start !== undefined) {
    const host = domain.hosts.find(({ name }) => start.host === `XenHost/${name}`);
    const digest = host && configurationFor(domain, host)?.digest;
    if (digest !== undefined) status.configuration = digest;
  }
  if (steps.some(({ action }) => action === "stop-domain")) status.shutdownTime ??= rfc3339(domain.now);
  else delete status.shutdownTime;
  const disks = domain.disks.filter(isPlaced).map((disk) => {
    const worker = workerFor(domain, disk);
    const image = worker && imageOn(worker, imagePath(disk));
    return {
      device: disk.disk.device,
      image: imagePath(disk),
      ...(image?.kind === "File" ? { sizeBytes: String(image.sizeBytes) } : {}),
      ...(image?.work?.state === "Copying" ? { copiedBytes: String(image.work.bytes) } : {}),
    };
  });
  if (disks.length > 0) status.disks = disks;
  else delete status.disks;
}
