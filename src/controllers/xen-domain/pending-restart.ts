import type { ConditionUpdate } from "../../runtime/conditions.ts";
import { no, unknown, yes } from "../finding.ts";
import { isRendered } from "./configuration.ts";
import { configurationFor, placedDisks } from "./ensure-configurations.ts";
import { type DomainObservation, type Present, survey } from "./observation.ts";

const type = "PendingRestart";

/** Whether the running domain was started from another configuration than the spec gives now. */
export function pendingRestart(domain: DomainObservation): ConditionUpdate {
  const running = runningOn(domain);
  if (running === undefined)
    return no(type, "UpToDate", "The domain is not running: it will start with the current spec");
  const { configuration } = domain.recorded;
  if (configuration === undefined)
    return unknown(
      type,
      "Adopted",
      "xensan did not start the domain: the configuration that it was built from is unknown",
    );
  const wanted = configurationFor(domain, running.host);
  if (wanted === undefined) return unknown(type, "FactsUnknown", `The toolstack of ${running.host.name} is unknown`);
  return isRendered(configuration, domain, placedDisks(domain))
    ? no(type, "UpToDate", "The domain runs with the current spec")
    : yes(
        type,
        "SpecChanged",
        "The spec has changed since the domain was started: shut the guest down, and xensan starts the domain with the current spec",
      );
}

/** The host with the domain, if it runs on one host only. */
export function runningOn(domain: Pick<DomainObservation, "hosts" | "uuid">): Present | undefined {
  const { running } = survey(domain);
  return running.length === 1 ? running[0] : undefined;
}
