import type { XenDomainSpec } from "../api/xen-domain.ts";

/** `KEY=VALUE` of each setting of a domain that the owner of a host does not allow. */
export function settingsOutside(settings: XenDomainSpec["settings"], allowed: readonly string[]): readonly string[] {
  return settings
    .filter(({ key, value }) => !allowed.includes(key) && !allowed.includes(`${key}=${value}`))
    .map(({ key, value }) => `${key}=${value}`);
}
