import type { CommandEntry } from "./command.ts";

/** The commands that talk to a cluster only, in the order of the help. Each is loaded when it is called: the clients of Kubernetes take their time. */
export const clientCommands: readonly CommandEntry[] = [
  {
    name: "migrate",
    summary: "moves a running domain to another host",
    load: async () => (await import("./migrate/migrate.ts")).migrate,
  },
  {
    name: "abort",
    summary: "stops a migration, as long as that is safe",
    load: async () => (await import("./migrate/abort.ts")).abort,
  },
  {
    name: "drain",
    summary: "moves every domain away from a host",
    load: async () => (await import("./drain.ts")).drain,
  },
  {
    name: "forget",
    summary: "says that a host is dead or off, so that its domains start elsewhere",
    load: async () => (await import("./forget.ts")).forget,
  },
  {
    name: "pause",
    summary: "has nothing changed on hosts for an object",
    load: async () => (await import("./pause.ts")).pause,
  },
  {
    name: "resume",
    summary: "ends the pause of an object",
    load: async () => (await import("./pause.ts")).resume,
  },
  {
    name: "reconcile",
    summary: "has an object's hosts probed now",
    load: async () => (await import("./reconcile.ts")).reconcile,
  },
  {
    name: "check",
    summary: "says whether cluster, operator and hosts are as xensan needs them",
    load: async () => (await import("./check/check.ts")).check,
  },
  {
    name: "plan",
    summary: "says what applying manifests would change, and applies nothing",
    load: async () => (await import("./plan/plan.ts")).plan,
  },
  {
    name: "why",
    summary: "says what an object waits for",
    load: async () => (await import("./why/why.ts")).why,
  },
  {
    name: "topology",
    summary: "shows SANs, volumes, file systems, hosts and domains as a tree",
    load: async () => (await import("./topology/topology.ts")).topology,
  },
  {
    name: "bundle",
    summary: "collects what a report of a fault needs, without secrets",
    load: async () => (await import("./bundle/bundle.ts")).bundle,
  },
  {
    name: "completion",
    summary: "prints what a shell needs to complete commands, flags and names",
    load: async () => (await import("./completion/completion.ts")).completion,
  },
];
