import { installPackages } from "../../host/actions.ts";
import { type ClusterRequest, configureCluster } from "../../host/ocfs2-actions.ts";
import type { O2cb } from "../../host/ocfs2-facts.ts";
import { ownerText } from "../../host/values.ts";
import { exclusive } from "../hosts/step.ts";
import { isMarkOf, xenHost } from "../identity.ts";
import {
  type Assessment,
  bad,
  type ClusterFinding,
  type ClusterStep,
  fine,
  nodeProblem,
  nothingFound,
  open,
  stepOn,
  together,
} from "./finding.ts";
import { clusterRequest, mustWait, sameNodes, sameRegions, sameTimeouts, timing } from "./members.ts";
import { type ClusterObservation, listedNodes, type ObservedNode, type ReadyNode, readyNode } from "./observation.ts";

/** Ensures that ocfs2-tools is installed, and that every node has the same configuration for its next boot. */
export function ensureConfigured(cluster: ClusterObservation): ClusterFinding {
  const request = clusterRequest(cluster);
  const assessed = listedNodes(cluster).map((node) => assess(cluster, node, request));
  const names = listedNodes(cluster)
    .map(({ host }) => host)
    .join(", ");
  const { timeouts, waitsFor } = timing(cluster);
  const settled =
    waitsFor.length === 0 && (cluster.timeouts === undefined || !sameTimeouts(timeouts, cluster.timeouts));
  return {
    ...nothingFound,
    conditions: [
      together(
        "Configured",
        assessed.map(({ assessment }) => assessment),
        {
          reason: "Configured",
          message: `O2CB cluster ${cluster.spec.clusterName} is configured identically on ${names}`,
        },
      ),
    ],
    steps: assessed.flatMap(({ steps }) => steps),
    writes: settled ? [{ kind: "Timeouts" }] : [],
  };
}

function assess(
  cluster: ClusterObservation,
  node: ObservedNode,
  request: ClusterRequest,
): { assessment: Assessment; steps: readonly ClusterStep[] } {
  const problem = nodeProblem(node);
  const ready = readyNode(node);
  if (problem !== undefined || ready === undefined)
    return { assessment: problem ?? open(node.host, "Pending", "Waiting for a probe"), steps: [] };
  if (mustWait(cluster, node))
    return {
      assessment: bad(
        node.host,
        "NodeLeaving",
        "waits until the former node with this number, name or address has left",
      ),
      steps: [],
    };
  const { o2cb } = ready.facts;
  if (o2cb.state === "unknown")
    return {
      assessment: open(node.host, "FactsUnknown", `did not report its O2CB configuration: ${o2cb.why}`),
      steps: [],
    };
  const tools = missingTools(ready);
  const install = canInstall(ready)
    ? [{ ...exclusive(xenHost(node.host), installPackages(["ocfs2-tools"])), work: "" }]
    : [];
  if (tools.length > 0 && install.length === 0)
    return {
      assessment: bad(node.host, "OcfsToolsMissing", `${tools.join(", ")} not found: install ocfs2-tools on the host`),
      steps: [],
    };
  const wrong = o2cb.state === "absent" ? "O2CB is not configured" : difference(o2cb.value, request);
  if (tools.length === 0 && wrong === undefined)
    return { assessment: fine(node.host, "Configured", "is configured"), steps: [] };
  const message = tools.length > 0 ? "ocfs2-tools is not installed yet" : (wrong ?? "is being configured");
  return {
    assessment: bad(node.host, "Progressing", message),
    steps: [...(tools.length > 0 ? install : []), stepOn(node.host, configureCluster(request))],
  };
}

const needed = ["o2cb", "mkfs.ocfs2"];

function missingTools({ facts: { tools } }: ReadyNode): string[] {
  return tools.state === "known" ? needed.filter((name) => !tools.value.has(name)) : [];
}

const canInstall = ({ spec, facts: { system } }: ReadyNode) =>
  spec.packages === "Manage" && system.state === "known" && system.value.packageManager === "apt";

/** What would be wrong after the next boot; undefined when nothing would. */
function difference(o2cb: O2cb, request: ClusterRequest): string | undefined {
  const { configuration, boot, bootOrder, panicOnOops, panic } = o2cb;
  if (configuration === undefined) return "has no cluster.conf";
  if (configuration.state === "Unreadable") return `its cluster.conf cannot be read: ${configuration.why}`;
  const [cluster, ...others] = configuration.clusters;
  if (!isOurs(configuration.owner, request)) return "its cluster.conf was not written by xensan for this cluster";
  if (configuration.owner !== ownerText(request.owner)) return "its cluster.conf has the mark of a former object";
  if (cluster?.name !== request.cluster || others.length > 0) return "its cluster.conf is for another cluster";
  if (cluster.heartbeatMode !== request.heartbeatMode) return "its cluster.conf has another heartbeat mode";
  if (!sameNodes(configuration.nodes, request.nodes)) return "its cluster.conf lists other nodes";
  const regions = configuration.regions.map(({ region }) => region);
  const wanted = request.regions.map(({ uuid }) => uuid);
  if (!sameRegions(regions, wanted)) return "its cluster.conf lists other heartbeat regions";
  if (boot === undefined || !boot.enabled || boot.cluster !== request.cluster)
    return "the cluster would not start after a reboot";
  if (!sameTimeouts(request.timeouts, boot.timeouts)) return "its timeouts would differ after a reboot";
  if (!bootOrder) return "its boot order is missing or of another release";
  if (panicOnOops !== undefined && (panicOnOops.now !== 1 || !panicOnOops.persisted))
    return "kernel.panic_on_oops is not 1";
  // A negative value reboots at once.
  if (panic !== undefined && (panic.now === 0 || !panic.persisted)) return "kernel.panic is not set";
  return undefined;
}

/** Whether the mark names this cluster, or a former object of its name. */
export const isOurs = (mark: string, { owner }: Pick<ClusterRequest, "owner">) => isMarkOf(owner, mark);
