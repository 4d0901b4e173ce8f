import { removeDomainConfiguration } from "../../host/domain-actions.ts";
import { deleteImage } from "../../host/image-actions.ts";
import type { Release } from "../converge.ts";
import { type Finding, stop, yes } from "../finding.ts";
import { type Step, stepOf } from "../hosts/step.ts";
import { isMarkOf, xenHost } from "../identity.ts";
import { declaredAnew } from "./declared-anew.ts";
import { workerFor } from "./ensure-disks.ts";
import { takenBy } from "./ensure-place.ts";
import { isLate, mayReboot, startsAgain, stopStep, whyItMayReboot } from "./ensure-power.ts";
import { copyTo, imageOn, silentAbout, strangersAt } from "./images.ts";
import { strayLeaseSteps } from "./lease.ts";
import {
  type DomainObservation,
  factsOf,
  imagePath,
  isPlaced,
  lockSeen,
  type ObservedHost,
  survey,
} from "./observation.ts";
import { isDeclaredSomewhere } from "./owner.ts";

/** Releases a deleted domain once it, its configurations and, if the policy says so, its images are gone. */
export function release(domain: DomainObservation): Release<Finding> {
  const leave = `Or set the annotation xensan.dev/abandon=${domain.name} to remove this object without clean-up`;
  const blocked = (
    reason: Parameters<typeof yes>[1],
    message: string,
    steps: readonly Step[] = [],
  ): Release<Finding> => ({
    kind: "Open",
    finding: stop([yes("DeletionBlocked", reason, message)], steps),
  });
  if (domain.migration !== undefined)
    return blocked(
      "Migrating",
      `XenMigration ${domain.migration} is moving the domain: wait for the migration, or abort it. ${leave}`,
    );
  // What has its name belongs to another owner, and nothing was ever created for this object.
  if (takenBy(domain) !== undefined && !isDeclaredSomewhere(domain)) return { kind: "Released" };
  const anew = declaredAnew(domain);
  if (anew.length > 0)
    return blocked(
      "DeclaredAnew",
      `According to ${anew.join(" and ")}, the domain belongs to another XenDomain of this name: xensan stops and deletes nothing of it. Set the annotation xensan.dev/abandon=${domain.name}, and apply the object again where it is wanted`,
    );
  const { present, running, blind } = survey(domain);
  if (running.length > 1 && !domain.twice)
    return blocked(
      "HostUnknown",
      `The domain was seen on ${running.map(({ host }) => host.name).join(" and ")}: waiting for another probe of these hosts. ${leave}`,
    );
  if (present.length > 1)
    return blocked(
      "SplitBrain",
      `The domain is on ${present.map(({ host }) => host.name).join(" and ")}: stop it there by hand. ${leave}`,
    );
  const unknowns = blind.map(({ why }) => why);
  if (domain.recorded.splitBrain && unknowns.length > 0)
    return blocked(
      "SplitBrain",
      `The domain ran on several hosts, and its state on some of them is unknown: ${unknowns.join(", ")}. ${leave}`,
    );
  const [one] = present;
  if (one !== undefined) {
    const { timeoutSeconds, onTimeout } = domain.spec.shutdown;
    const late = isLate(domain);
    const how = late && onTimeout === "Destroy" ? "Destroy" : "Shutdown";
    const message = late
      ? `The guest on ${one.host.name} has not shut down within ${timeoutSeconds} s. ${leave}`
      : `The guest on ${one.host.name} is being asked to shut down`;
    return blocked(late ? "ShutdownTimedOut" : "Deleting", message, [stopStep(domain, one.host, how)]);
  }
  if (unknowns.length > 0)
    return blocked("HostUnknown", `Cannot determine whether the domain still runs: ${unknowns.join(", ")}. ${leave}`);
  // A stop removes the lock file; a guest that reboots leaves it.
  if ((lockSeen(domain) !== undefined && mayReboot(domain)) || startsAgain(domain) !== undefined)
    return blocked("Vanished", whyItMayReboot(domain));
  // A copy that ends later would publish its file as the image of the next XenDomain with this name.
  const copies = copiesOf(domain);
  if (copies.length > 0)
    return blocked("ImageInUse", `${copies.join("; ")}: the deletion continues when the copy has ended. ${leave}`);
  const untold = silentAboutCopies(domain);
  if (untold.length > 0)
    return blocked("HostUnknown", `${untold.join(", ")} did not report whether an image is being copied. ${leave}`);
  const unmounted =
    domain.spec.deletionPolicy === "Delete"
      ? domain.disks.filter((disk) =>
          isPlaced(disk) ? workerFor(domain, disk) === undefined : disk.filesystem.state !== "TooLong",
        )
      : [];
  if (unmounted.length > 0) {
    const images = unmounted.map(({ disk }) => `${disk.path} of file system ${disk.filesystemRef.label}`);
    return blocked("FilesystemNotMounted", `These images cannot be deleted now: ${images.join(", ")}. ${leave}`);
  }
  const images = domain.spec.deletionPolicy === "Delete" ? domain.disks.filter(isPlaced).map(imagePath) : [];
  const users = images.flatMap((path) => strangersAt(domain, path).map((user) => `${path} is used by ${user}`));
  if (users.length > 0) return blocked("ImageInUse", `${users.join("; ")}. ${leave}`);
  const silent = [...new Set(images.flatMap((path) => silentAbout(domain, path)))];
  if (silent.length > 0)
    return blocked("HostUnknown", `${silent.join(", ")} did not report what uses the images of the domain. ${leave}`);
  const leases = strayLeaseSteps(domain, undefined);
  if (leases.length > 0)
    return blocked("Deleting", "The former hosts of the domain are releasing their leases on its images", leases);
  const steps = [...configurationSteps(domain), ...imageSteps(domain)];
  const files = domain.spec.deletionPolicy === "Delete" ? "configurations and images" : "configurations";
  if (steps.length > 0) return blocked("Deleting", `The ${files} of the domain are being removed`, steps);
  // A command from before the deletion may yet begin a copy or write a configuration.
  const busy = domain.hosts.filter((host) => factsOf(host) !== undefined && isBusy(host)).map(({ name }) => name);
  if (busy.length > 0)
    return blocked("Deleting", `A command for the domain has not ended on ${busy.join(" and ")}. ${leave}`);
  return { kind: "Released" };
}

const isBusy = ({ machine }: ObservedHost) => machine.state === "Found" && machine.busy;

/** The copies of templates to images of the domain that go on: `/srv/xen/vm.img is being copied, 7 bytes so far`. */
function copiesOf(domain: DomainObservation): string[] {
  return domain.disks.filter(isPlaced).flatMap((disk) => {
    const path = imagePath(disk);
    const copy = copyTo(domain, path);
    return copy === undefined ? [] : [`${path} is being copied, ${copy.bytes} bytes so far`];
  });
}

function configurationSteps({ owner, uuid, hosts }: DomainObservation): Step[] {
  return hosts.flatMap((host) => {
    const known = factsOf(host)?.domainConfigurations;
    if (known?.state !== "known" || !known.value.some((one) => one.uuid === uuid)) return [];
    const command = removeDomainConfiguration({ owner, uuid });
    return [stepOf(xenHost(host.name), command)];
  });
}

function imageSteps(domain: DomainObservation): Step[] {
  if (domain.spec.deletionPolicy !== "Delete") return [];
  return domain.disks.filter(isPlaced).flatMap((disk) => {
    const worker = workerFor(domain, disk);
    const path = imagePath(disk);
    const image = worker && imageOn(worker, path);
    // An image that xensan did not create stays, and so does another file of its name.
    if (worker === undefined || image?.kind !== "File" || image.identity !== image.record?.identity) return [];
    if (image.record?.origin === "Found" || !isMarkOf(domain.owner, image.record?.owner ?? "")) return [];
    const { mountPoint, uuid } = disk.filesystem;
    const command = deleteImage({ owner: domain.owner, path, mountPoint, filesystem: uuid });
    return [stepOf(xenHost(worker.name), command)];
  });
}

/** Reachable hosts that did not report whether they copy to an image that was never seen. */
function silentAboutCopies({ disks, hosts, recorded }: DomainObservation): string[] {
  const paths = disks
    .filter(isPlaced)
    .flatMap((one) => (one.disk.sourcePath === undefined || recorded.images.has(imagePath(one)) ? [] : imagePath(one)));
  // No copy begins while a host is not asked about the image.
  const asked = (path: string) =>
    hosts.filter(({ machine }) => machine.state === "Found" && !machine.watched.leftOut.has(path));
  return [...new Set(paths.flatMap((path) => silentAbout({ hosts: asked(path) }, path)))];
}

/** What is left on the hosts when the object is released without clean-up. */
export function whatStays(domain: DomainObservation): string {
  const seen = survey(domain).present.map(({ host }) => `runs on ${host.name}`);
  const where = seen.length === 0 ? "may still run" : seen.join(" and ");
  const copies = copiesOf(domain).map((copy) => `; ${copy}`);
  return `Domain ${domain.name} (${domain.uuid}) ${where}; its configurations and images stay on the hosts${copies.join("")}`;
}
