import type { AoeVolumeSpec } from "../../api/aoe-volume.ts";
import type { Reason } from "../../api/reasons.ts";
import type { HostFacts } from "../../host/facts.ts";
import { type Finding, found, no, stop, unknown } from "../finding.ts";
import { advice } from "../hosts/step.ts";
import { interfaceOf, segmentOn } from "./export-parameters.ts";
import type { ObservedServer, VolumeObservation } from "./observation.ts";

/** A server that can be probed and used, with its current facts. */
export interface ReadyServer {
  readonly sight: Extract<ObservedServer, { state: "Found" }>;
  readonly facts: HostFacts;
}

/** The server, if its facts may be acted on. */
export function readyServer({ server }: VolumeObservation): ReadyServer | undefined {
  if (server.state !== "Found" || server.view.state !== "Reachable" || !server.fresh) return undefined;
  return { sight: server, facts: server.view.snapshot.facts };
}

/** Ensures that the server is declared, reachable and probed since the spec changed. */
export function ensureServer({ server, spec }: VolumeObservation): Finding {
  const say = server.state === "Found" ? unknown : no;
  const problem = problemOf(server);
  if (problem === undefined) return server.state === "Found" ? withinInterfaces(spec, server) : found([]);
  const [reason, message] = problem;
  return stop([
    say("Exported", reason, message),
    unknown("Attached", reason, message),
    unknown("Conflicted", reason, message),
  ]);
}

/**
 * Allows only interfaces that the owner of the server lists; an export that already runs elsewhere is left as it is.
 */
function withinInterfaces(spec: AoeVolumeSpec, server: Extract<ObservedServer, { state: "Found" }>): Finding {
  const netif = interfaceOf(spec, server.spec);
  if (segmentOn(server.spec, netif) !== undefined) return found([]);
  const names = server.spec.interfaces.map(({ name }) => name).join(", ");
  const message = `${netif} is not in interfaces of AoeServer ${server.name} (${names})${advice("InterfaceOutsideBounds")}`;
  return stop([
    no("Exported", "InterfaceOutsideBounds", message),
    no("Attached", "NotExported", "The volume is not exported yet"),
    unknown("Conflicted", "InterfaceOutsideBounds", message),
  ]);
}

function problemOf(server: ObservedServer): readonly [reason: Reason, message: string] | undefined {
  switch (server.state) {
    case "NotFound":
      return ["ServerNotFound", `AoeServer ${server.name} does not exist in this namespace: create it`];
    case "Invalid":
      return ["ServerNotReady", `AoeServer ${server.name} has an invalid spec: ${server.message}`];
    case "Found": {
      const { view, name } = server;
      if (view.state === "Unreachable")
        return ["ServerNotReady", `AoeServer ${name} cannot be reached (${view.reason}): ${view.message}`];
      if (view.state === "Pending" || !server.fresh) return ["Pending", `Waiting for a probe of AoeServer ${name}`];
      if (!server.trusted) return ["Pending", `Waiting for the host key of AoeServer ${name} to be recorded`];
      return undefined;
    }
  }
}
