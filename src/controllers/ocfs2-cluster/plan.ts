import { ensureConfigured } from "./ensure-configured.ts";
import { ensureFormatted } from "./ensure-formatted.ts";
import { ensureHealthy } from "./ensure-healthy.ts";
import { ensureLeft } from "./ensure-left.ts";
import { ensureMounted } from "./ensure-mounted.ts";
import { ensureOnline } from "./ensure-online.ts";
import { ensureSize } from "./ensure-size.ts";
import { type ClusterFinding, joined } from "./finding.ts";
import type { ClusterObservation } from "./observation.ts";

/**
 * Each ensures one thing on every node that is ready for it: a node that does not answer, or is behind, delays none of
 * the others.
 */
const ensures = [ensureConfigured, ensureOnline, ensureFormatted, ensureMounted, ensureSize, ensureHealthy, ensureLeft];

/** The plan of a cluster: a pure function of the observation. */
export const planCluster = (cluster: ClusterObservation): ClusterFinding =>
  joined(ensures.map((ensure) => ensure(cluster)));
