import { type XenHost, xenHosts } from "../../api/kinds.ts";
import { formatQuantity } from "../../api/quantity.ts";
import type { XenHostSpec, XenHostStatus } from "../../api/xen-host.ts";
import type { HostFacts } from "../../host/facts.ts";
import { rfc3339 } from "../../runtime/conditions.ts";
import { keyOf } from "../../runtime/kube-api.ts";
import type { Reconciler } from "../../runtime/reconciler.ts";
import { watchdogBound } from "../dead-time.ts";
import { goneOf } from "../gone.ts";
import { cut, distinct } from "../host-facts.ts";
import { hostReconciler } from "../host-reconciler.ts";
import { refOf } from "../identity.ts";
import { hostSpec } from "../specs.ts";
import type { Controlled } from "../watch.ts";
import type { Means } from "../world.ts";
import { type ConsolePassword, consolePassword } from "./console-password.ts";
import { removeContradicted } from "./contradicted.ts";
import { describeXen } from "./describe.ts";
import { drain, observeDrain, planDrain } from "./drain.ts";
import { relocationSight } from "./partners.ts";
import { planInitiator } from "./plan.ts";
import { blockerOf, whatIsLeft } from "./release.ts";
import { type ObservedRelocation, planRelocation, type RelocationPlan } from "./relocation.ts";
import { planToolstack } from "./toolstack.ts";
import { Verifications } from "./verifications.ts";
import { describeWatchdog, watchdogCondition } from "./watchdog.ts";
import { watchHosts } from "./watches.ts";
import { planXend } from "./xend.ts";

const aspects = ["ToolstackReady", "RelocationReady", "WatchdogReady", "Drained"];

/** Which condition a step speaks of. */
const conditionOf = (action: string) =>
  ({
    "prepare-toolstack": "ToolstackReady",
    "configure-xend": "RelocationReady",
    "prepare-relocation": "RelocationReady",
    "verify-relocation": "RelocationReady",
  })[action];

/** By the keys of xl, or by the server of xend. */
function relocate(
  host: string,
  spec: XenHostSpec,
  facts: HostFacts,
  sight: ObservedRelocation,
  password: ConsolePassword,
  begin: (verifying: RelocationPlan["verifying"]) => void,
): Pick<RelocationPlan, "steps" | "condition"> {
  const { toolstack } = facts;
  if (toolstack.state === "known" && toolstack.value.kind === "xm")
    return planXend(host, spec, toolstack.value, sight, password);
  const plan = planRelocation(host, spec, facts, sight);
  begin(plan.verifying);
  return plan;
}

/** Makes one XenHost an AoE client, and shows what it sees. It stays while it holds, or may hold, a volume. */
export const controlHosts = (means: Means): Controlled => watchHosts(means.world, xenHostReconciler(means));

function xenHostReconciler(options: Means): Reconciler {
  const { world } = options;
  const verifications = new Verifications(world.ledger);
  const verifiedBy = (object: XenHost) => {
    const host = refOf("XenHost", object);
    return verifications.of(host, world.machines.of(host));
  };
  return hostReconciler<XenHost, XenHostSpec, XenHostStatus>(
    options,
    {
      kind: xenHosts,
      store: world.stores.hosts,
      parse: hostSpec,
      gone: (object) => goneOf(world, keyOf(object)),
      prepared: "AoeReady",
      preparedMessage: "The aoe driver is loaded and bound to the declared interfaces, now and after a reboot",
      plan(host, spec, facts, object) {
        const initiator = planInitiator(host, spec, facts);
        const toolstack = planToolstack(host, spec, facts);
        const sight = relocationSight(world, object, verifiedBy(object));
        const { namespace, name: self } = keyOf(object);
        const password = consolePassword(self, spec, (name) => world.stores.secrets.get({ namespace, name }));
        const relocation = relocate(host, spec, facts, sight, password, (verifying) =>
          verifications.begin(refOf("XenHost", object), verifying),
        );
        return {
          steps: [...initiator.steps, ...toolstack.steps, ...relocation.steps],
          problem: initiator.problem,
          conditions: [
            toolstack.condition,
            relocation.condition,
            watchdogCondition(object.metadata.name, facts, watchdogBound(world, keyOf(object))),
            planDrain(object.metadata.name, observeDrain(world, object)).condition,
          ],
          required: ["ToolstackReady", ...(spec.relocation.mode === "Enabled" ? ["RelocationReady"] : [])],
        };
      },
      aspects,
      conditionOf,
      describeGone(status, { kind, bootId, message }) {
        const { proof } = status;
        const was = kind === "Dead" ? "StorageDeath" : kind;
        if (proof?.kind === was && proof.bootID === bootId) return;
        status.proof = {
          kind: was,
          bootID: bootId,
          message: cut(message, 4096),
          time: rfc3339(world.clock.now()),
        };
      },
      describe(status, facts, object) {
        const { aoe, aoeDevices } = facts;
        describeXen(status, facts, verifiedBy(object));
        describeWatchdog(status, facts);
        // It answers: what was proved of an earlier boot is over.
        delete status.proof;
        if (aoe.state !== "known") {
          delete status.aoe;
          return;
        }
        const devices = aoeDevices.state === "known" ? aoeDevices.value : [];
        status.aoe = {
          ...(aoe.value.version === "" ? {} : { driverVersion: cut(aoe.value.version, 32) }),
          interfaces: aoe.value.interfaces.slice(0, 16).map((name) => cut(name, 16)),
          devices: distinct(devices, ({ shelf, slot }) => `${shelf}.${slot}`, 256).map((one) => ({
            target: `e${one.shelf}.${one.slot}`,
            state: [one.up ? "up" : "down", ...one.flags].join(",").slice(0, 64),
            size: formatQuantity(one.sizeBytes),
            ...(one.macs[0] === undefined ? {} : { serverMAC: one.macs[0] }),
            ...(one.interfaces[0] === undefined ? {} : { interface: cut(one.interfaces[0], 16) }),
          })),
        };
      },
      async before({ object, directives, context }) {
        await removeContradicted(options, object, directives, context);
        await drain(options, object, directives, context);
      },
      again: (object) => planDrain(object.metadata.name, observeDrain(world, object)).againSeconds,
      blockers: (host) => blockerOf(world, host),
      left: whatIsLeft,
    },
    () => ({}),
  );
}
