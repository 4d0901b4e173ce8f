import { z } from "zod";
import { applyDefinitions, group, version } from "../../api/common.ts";
import { definitions } from "../../api/kinds.ts";
import { kubernetesRange } from "../../api/kubernetes-range.ts";
import { missingFromServer } from "../../api/served-schema.ts";
import type { KubeClient } from "../../runtime/client-node.ts";
import { leaseKind } from "../../runtime/kinds.ts";
import { type Kind, KubeError, type KubeObject } from "../../runtime/kube-api.ts";
import { type CheckResult, failed, passed, unknown } from "./result.ts";

const { oldest, newest } = kubernetesRange;
const minorOf = (release: string) => Number(/^v?1\.(\d+)/.exec(release)?.[1] ?? Number.NaN);

/** Whether xensan runs on a release of Kubernetes, like `v1.37.2`. */
export function checkVersion(server: string, release: string): CheckResult {
  const minor = minorOf(release);
  const says = `${server} is Kubernetes ${release}`;
  if (Number.isNaN(minor)) return unknown("cluster", says, `xensan runs on ${oldest} to ${newest}`);
  if (minor < minorOf(oldest)) return failed("cluster", says, `upgrade it: the oldest supported version is ${oldest}`);
  if (minor > minorOf(newest)) return unknown("cluster", `${says}, newer than ${newest}, the newest tested version`);
  return passed("cluster", says);
}

const upgrade = `helm upgrade --install xensan helm/xensan (or ${applyDefinitions})`;

/**
 * Whether the CustomResourceDefinitions contain everything that this release needs. `before`: they may be absent before
 * an installation.
 */
export async function checkDefinitions(api: KubeClient, before: boolean, signal: AbortSignal): Promise<CheckResult> {
  const document = await api.published({ group, version }, signal);
  if (document === undefined)
    return before
      ? passed("definitions", `${group}/${version} is not installed yet`)
      : failed("definitions", `the server does not serve ${group}/${version}`, upgrade);
  const missing = missingFromServer(document);
  if (missing.length === 0) return passed("definitions", `${group}/${version} matches this release`);
  const [shown, more] = [missing.slice(0, 5).join(", "), missing.length - 5];
  return failed(
    "definitions",
    `${group}/${version} is older than this program: it lacks ${shown}${more > 0 ? ` and ${more} more` : ""}`,
    upgrade,
  );
}

interface Deployment extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number };
}
const deploymentKind: Kind<Deployment> = {
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  namespaced: true,
};
const label = "app.kubernetes.io/name=xensan";

/**
 * Whether an operator is deployed and ready, in any namespace, and of which version. `own`: the version of this
 * program.
 */
export async function checkOperator(api: KubeClient, own: string, signal: AbortSignal): Promise<CheckResult[]> {
  let found: readonly Deployment[];
  try {
    found = (await api.list(deploymentKind, { labelSelector: label, signal })).items;
  } catch (error) {
    if (error instanceof KubeError && error.status === 403)
      return [unknown("operator", "you have no permission to list Deployments in all namespaces")];
    throw error;
  }
  if (found.length === 0)
    return [
      failed("operator", `no Deployment has the label ${label}`, "install the chart: helm install xensan helm/xensan"),
    ];
  return found.map(({ metadata, spec, status }) => {
    const name = `deployment/${metadata.name}`;
    const release = metadata.labels?.["app.kubernetes.io/version"] ?? "unknown";
    const [ready, wanted] = [status?.readyReplicas ?? 0, spec?.replicas ?? 1];
    const says = `version ${release} in namespace ${metadata.namespace}, ${ready} of ${wanted} replicas ready`;
    if (wanted === 0) return failed(name, says, `kubectl -n ${metadata.namespace} scale ${name} --replicas=1`);
    if (ready === 0) return failed(name, says, `kubectl -n ${metadata.namespace} logs ${name}`);
    return release === own ? passed(name, says) : unknown(name, `${says}; this program is version ${own}`);
  });
}

/**
 * Whether an operator serves the namespace: it renews the Lease `xensan-claim` there. `now`: milliseconds since 1970.
 */
export async function checkClaim(
  api: KubeClient,
  { namespace, now }: { readonly namespace: string; readonly now: number },
  signal: AbortSignal,
): Promise<CheckResult> {
  const name = `namespace/${namespace}`;
  const advice = "its objects are not reconciled: check the values namespaces and replicaCount of the chart";
  try {
    const { spec } = await api.get(leaseKind, { namespace, name: "xensan-claim" }, signal);
    const age = Math.round((now - Date.parse(spec?.renewTime ?? "")) / 1000);
    const holder = spec?.holderIdentity ?? "";
    if (holder === "") return failed(name, "no operator serves it now", advice);
    if (Number.isNaN(age)) return unknown(name, `served by ${holder}, which has never renewed the Lease`);
    if (age > (spec?.leaseDurationSeconds ?? 60))
      return failed(name, `served by ${holder}, which has not renewed the Lease for ${age} s`, advice);
    return passed(name, `served by ${holder}`);
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    if (error.status === 404) return failed(name, "no operator serves it", advice);
    if (error.status === 403) return unknown(name, "you have no permission to read the Lease xensan-claim there");
    throw error;
  }
}

/** The permissions for these commands, and the role of the chart that grants each. */
const needs = [
  ...Object.values(definitions).map(({ plural }) => ({
    ...{ verb: "list", resource: plural, for: "why, topology", role: "xensan-viewer" },
  })),
  { verb: "create", resource: "xenmigrations", for: "migrate", role: "xensan-user" },
  { verb: "patch", resource: "xenmigrations", for: "abort", role: "xensan-user" },
  { verb: "patch", resource: "xenhosts", for: "drain, forget", role: "xensan-host-owner" },
  { verb: "approve", resource: "xenhosts", for: "forget", role: "xensan-host-owner" },
];
const reviewed = z.object({ status: z.object({ allowed: z.boolean().default(false) }) });

/**
 * Whether the caller has the rights that the other commands need in the namespace, or in all namespaces if undefined.
 */
export async function checkPermissions(
  api: Pick<KubeClient, "review">,
  namespace: string | undefined,
): Promise<CheckResult> {
  const where = namespace ?? "all namespaces";
  const lacking: string[] = [];
  const roles = new Set<string>();
  for (const { verb, resource, for: what, role } of needs) {
    const resourceAttributes = { group, resource, verb, namespace: namespace ?? "" };
    const { status } = reviewed.parse(await api.review("SelfSubjectAccessReview", { resourceAttributes }));
    if (status.allowed) continue;
    lacking.push(`${verb} ${resource} (${what})`);
    roles.add(role);
  }
  if (lacking.length === 0)
    return passed(
      "permissions",
      `you have the permissions for why, topology, migrate, abort, drain and forget in ${where}`,
    );
  const create = namespace === undefined ? "create clusterrolebinding" : `-n ${namespace} create rolebinding`;
  const advice = [...roles].map((role) => `kubectl ${create} ${role} --clusterrole=${role} --user=YOU`).join("; ");
  return unknown("permissions", `you have no permission to ${lacking.join(", ")} in ${where}`, advice);
}
