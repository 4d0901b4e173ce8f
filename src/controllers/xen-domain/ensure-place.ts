import { type Finding, found, no, stop, unknown } from "../finding.ts";
import { type DomainObservation, isPlaced } from "./observation.ts";

/** The domain may exist: nobody older claims what it claims, its hosts are there, and so are the file systems of its disks. */
export function ensurePlace({ rival, hosts, disks }: DomainObservation): Finding {
  if (rival !== undefined) return stop(both(no, "DomainTaken", rival));
  const allowed = hosts.filter((host) => host.allowed);
  const missing = allowed.filter(({ machine }) => machine.state === "NotFound").map(({ name }) => name);
  if (missing.length === allowed.length)
    return stop(
      both(no, "HostNotFound", `No XenHost ${missing.join(", ")} in this namespace: create it, or correct spec.hosts`),
    );
  if (disks.length === 0)
    return stop([
      no(
        "DisksReady",
        "NoDisk",
        "spec.disks is empty: what keeps a domain from running twice lies beside its first disk",
      ),
      unknown("Running", "NoDisk", "A domain without a disk on a shared file system is not started"),
    ]);
  const homeless = disks.flatMap(({ filesystem }) => (filesystem.state === "Missing" ? [filesystem.message] : []));
  if (homeless.length > 0) return stop(both(unknown, "FilesystemNotReady", [...new Set(homeless)].join("; ")));
  return disks.every(isPlaced) ? found([]) : stop([]);
}

const both = (say: typeof no, reason: Parameters<typeof no>[1], message: string) =>
  ["DisksReady", "Running"].map((type) => say(type, reason, message));
