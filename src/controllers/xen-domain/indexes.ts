import type { XenDomain } from "../../api/kinds.ts";
import type { IndexFunction } from "../../runtime/store.ts";
import { keysIn } from "../identity.ts";
import { domainSpec } from "../specs.ts";

/** How domains are found. */
export const domainIndexes = {
  /** `namespace/host` where it may run or was seen. */
  host: (domain: XenDomain) => {
    const parsed = domainSpec(domain);
    const { hostRef, hostRefs = [] } = parsed.ok ? parsed.spec : {};
    return keysIn(domain, [hostRef?.name, domain.status?.hostRef?.name, ...hostRefs.map(({ name }) => name)]);
  },
  /** `namespace/cluster` that holds its disks. */
  cluster: (domain: XenDomain) => {
    const parsed = domainSpec(domain);
    const disks = parsed.ok ? parsed.spec.disks : [];
    return keysIn(
      domain,
      disks.map(({ filesystemRef }) => filesystemRef.clusterRef.name),
    );
  },
  uuid: (domain: XenDomain) => {
    const parsed = domainSpec(domain);
    return parsed.ok && parsed.spec.uuid !== undefined ? [parsed.spec.uuid] : [];
  },
} satisfies Record<string, IndexFunction<XenDomain>>;
