import type { Toolstack } from "../host/xen-facts.ts";

/** MiB below which dom0 is never shrunk, whatever xl would do: it serves the disks and networks of all its domains. */
const dom0Floor = 512;
/** MiB that stay available to dom0's own programs. */
const dom0Spare = 256;

/**
 * MiB that a new domain can have on the host: what Xen has free, and what xl takes from dom0 when it builds a domain
 * (its `autoballoon`). Undefined where `xl info` does not report it.
 */
export function memoryFor(toolstack: Toolstack): number | undefined {
  return toolstack.info === undefined ? undefined : toolstack.info.freeMemory + spareOfDom0(toolstack);
}

function spareOfDom0({ dom0Memory }: Toolstack): number {
  if (dom0Memory?.autoballoon !== true) return 0;
  return Math.max(0, Math.min(dom0Memory.owned - dom0Floor, dom0Memory.available - dom0Spare));
}

/**
 * What a host lacks that has not this many MiB for a domain: how many Xen has free, and how to get them (empty, or `; `
 * and a text). Undefined where it has enough or does not report it.
 */
export function memoryShortage(
  toolstack: Toolstack,
  wanted: number,
): { readonly free: number; readonly remedy: string } | undefined {
  const { info, dom0Memory } = toolstack;
  const has = memoryFor(toolstack);
  if (info === undefined || has === undefined || has >= wanted) return undefined;
  if (dom0Memory === undefined) return { free: info.freeMemory, remedy: "" };
  const { owned, autoballoon } = dom0Memory;
  const gives = autoballoon
    ? `, of which xl can take ${spareOfDom0(toolstack)} MiB (autoballoon is on: usually dom0_mem is not set on Xen's command line, and dom0 started with all memory)`
    : ", and xl takes nothing from it (dom0_mem is set, or autoballoon is off in /etc/xen/xl.conf)";
  const left = owned - (wanted - info.freeMemory);
  const way =
    left >= dom0Floor
      ? `boot Xen with dom0_mem=${left}M,max:${left}M (GRUB_CMDLINE_XEN in /etc/default/grub, then update-grub and reboot)`
      : `stop or move other domains, or add memory (dom0 would keep ${Math.max(0, left)} MiB and needs ${dom0Floor})`;
  return {
    free: info.freeMemory,
    remedy: `; dom0 owns ${owned} of ${info.totalMemory} MiB${gives}. To make room, ${way}`,
  };
}
