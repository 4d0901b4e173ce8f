import type { XenDomainSpec } from "../api/xen-domain.ts";

/** `KEY=VALUE` of each domain setting that the owner of the host does not allow. */
export function settingsOutside(settings: XenDomainSpec["settings"], allowed: readonly string[]): readonly string[] {
  return settings
    .filter(({ key, value }) => !allowed.includes(key) && !allowed.includes(`${key}=${value}`))
    .map(({ key, value }) => `${key}=${value}`);
}
