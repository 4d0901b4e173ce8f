import { highestCpu } from "../api/cpus.ts";
import type { XenInfo } from "../host/xen-facts.ts";

/** Why a domain cannot run on the processors of a host; undefined when it can, or when their number is not known. */
export function processorProblem(
  cpus: string | undefined,
  info: Pick<XenInfo, "cpus"> | undefined,
): string | undefined {
  if (cpus === undefined || info === undefined || highestCpu(cpus) < info.cpus) return undefined;
  return `the highest processor of the host is number ${info.cpus - 1}, and spec.cpus is ${cpus}`;
}
