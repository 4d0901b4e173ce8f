import type { CommandEntry } from "./command.ts";

/**
 * The commands that need only a cluster, in the order of the help. Each is loaded when it is called, because the
 * Kubernetes clients load slowly.
 */
export const clientCommands: readonly CommandEntry[] = [
  {
    name: "migrate",
    summary: "moves a running domain to another host",
    load: async () => (await import("./migrate/migrate.ts")).migrate,
  },
  {
    name: "abort",
    summary: "aborts a migration if this is still safe",
    load: async () => (await import("./migrate/abort.ts")).abort,
  },
  {
    name: "drain",
    summary: "moves every domain away from a host",
    load: async () => (await import("./drain.ts")).drain,
  },
  {
    name: "forget",
    summary: "confirms that a host is off or dead, so that its domains start elsewhere",
    load: async () => (await import("./forget.ts")).forget,
  },
  {
    name: "pause",
    summary: "suspends changes on hosts for an object",
    load: async () => (await import("./pause.ts")).pause,
  },
  {
    name: "resume",
    summary: "resumes a paused object",
    load: async () => (await import("./pause.ts")).resume,
  },
  {
    name: "reconcile",
    summary: "requests a probe of an object's hosts now",
    load: async () => (await import("./reconcile.ts")).reconcile,
  },
  {
    name: "check",
    summary: "checks whether cluster, operator and hosts meet the requirements",
    load: async () => (await import("./check/check.ts")).check,
  },
  {
    name: "plan",
    summary: "shows what applying manifests would change",
    load: async () => (await import("./plan/plan.ts")).plan,
  },
  {
    name: "why",
    summary: "explains why an object is not ready",
    load: async () => (await import("./why/why.ts")).why,
  },
  {
    name: "topology",
    summary: "shows SANs, volumes, file systems, hosts and domains as a tree",
    load: async () => (await import("./topology/topology.ts")).topology,
  },
  {
    name: "bundle",
    summary: "collects the files for a fault report, without secrets",
    load: async () => (await import("./bundle/bundle.ts")).bundle,
  },
  {
    name: "completion",
    summary: "prints a completion script for a shell",
    load: async () => (await import("./completion/completion.ts")).completion,
  },
];
