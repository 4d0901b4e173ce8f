import { type Finding, found, no, stop, unknown } from "../finding.ts";
import { type DomainObservation, isPlaced } from "./observation.ts";
import { strangerOf } from "./owner.ts";

/** Ensures that no older object claims the same, that a host exists, and that the disks' file systems are ready. */
export function ensurePlace(domain: DomainObservation): Finding {
  const { hosts, disks, cdroms } = domain;
  const taken = takenBy(domain);
  if (taken !== undefined) return stop(both(no, "DomainTaken", taken));
  const allowed = hosts.filter((host) => host.allowed);
  const missing = allowed.filter(({ machine }) => machine.state === "NotFound").map(({ name }) => name);
  if (missing.length === allowed.length)
    return stop(
      both(
        no,
        "HostNotFound",
        `No such XenHost in this namespace: ${missing.join(", ")}. Create it, or correct spec.hostRefs`,
      ),
    );
  if (disks.length === 0)
    return stop([
      no(
        "DisksReady",
        "NoDisk",
        "spec.disks is empty: the lock that keeps a domain from running twice is stored next to its first disk",
      ),
      unknown("Running", "NoDisk", "A domain without a disk on a shared file system is not started"),
    ]);
  const tooLong = [...disks, ...cdroms].flatMap(({ filesystem }) =>
    filesystem.state === "TooLong" ? [filesystem.message] : [],
  );
  if (tooLong.length > 0) return stop(both(no, "InvalidSpec", tooLong.join("; ")));
  const homeless = [...disks, ...cdroms].flatMap(({ filesystem }) =>
    filesystem.state === "Missing" ? [filesystem.message] : [],
  );
  if (homeless.length > 0) return stop(both(unknown, "FilesystemNotReady", [...new Set(homeless)].join("; ")));
  return disks.every(isPlaced) ? found([]) : stop([]);
}

/** Why another object or owner has what this object claims; then nothing is planned for it. */
export const takenBy = (domain: DomainObservation): string | undefined => domain.rival ?? strangerOf(domain);

const both = (say: typeof no, reason: Parameters<typeof no>[1], message: string) =>
  ["DisksReady", "Running"].map((type) => say(type, reason, message));
