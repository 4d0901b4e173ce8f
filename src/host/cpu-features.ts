import type { XenInfo } from "./xen-facts.ts";

/** CPUID leaves in the order of Xen's feature sets since 4.7 (xen/include/public/arch-x86/cpufeatureset.h). */
const leaves = [
  "1.edx",
  "1.ecx",
  "80000001.edx",
  "80000001.ecx",
  "d.1.eax",
  "7.0.ebx",
  "7.0.ecx",
  "80000007.edx",
] as const;
type Leaf = (typeof leaves)[number];

/**
 * Before 4.7, `hw_caps` uses the word order of Linux; the third, fourth and sixth words hold nothing that a guest sees.
 */
const leavesBefore4_7: readonly (Leaf | undefined)[] = [
  "1.edx",
  "80000001.edx",
  undefined,
  undefined,
  "1.ecx",
  undefined,
  "80000001.ecx",
  "7.0.ebx",
];

/**
 * Features that Xen never shows to a guest, whatever the CPU has: those that its feature set marks for no kind of
 * guest, and those that Xen sets itself (APIC, OSXSAVE, HYPERVISOR and the like).
 */
const hiddenBits: Record<Leaf, readonly number[]> = {
  // APIC, DS, ACPI, HTT, TM, IA64, PBE
  "1.edx": [9, 10, 20, 21, 22, 28, 29, 30, 31],
  // DTES64, MONITOR, DSCPL, VMX, SMX, EIST, TM2, CNXT-ID, SDBG, xTPR, PDCM, DCA, x2APIC, OSXSAVE, HYPERVISOR
  "1.ecx": [2, 3, 4, 5, 6, 7, 8, 10, 11, 14, 15, 16, 18, 21, 27, 31],
  "80000001.edx": [],
  // CMP_LEGACY, SVM, EXTAPIC, OSVW, IBS, SKINIT, WDT, TCE, NODEID_MSR, TOPOEXT, PERFCTR_CORE, PERFCTR_NB, PTSC,
  // PERFCTR_LLC, MONITORX
  "80000001.ecx": [1, 2, 3, 9, 10, 12, 13, 14, 17, 18, 19, 20, 22, 23, 24, 25, 27, 28, 29, 30, 31],
  "d.1.eax": [],
  // SGX, FDP_EXCP_ONLY, PQM, NO_FPU_SEL, PQE, PROC_TRACE
  "7.0.ebx": [2, 6, 12, 13, 15, 22, 25],
  // OSPKE, WAITPKG, TME, LA57, KEYLOCKER, SGX_LC, PKS
  "7.0.ecx": [4, 5, 13, 15, 16, 23, 30, 31],
  // All of these bits are power management, except the invariant TSC and the read-only interface of the effective
  // frequency.
  "80000007.edx": Array.from({ length: 32 }, (_, bit) => bit).filter((bit) => bit !== 8 && bit !== 10),
};

/** Features of the CPU that a guest may see, by leaf. */
function guestFeatures({ major, minor, hardwareCapabilities }: XenInfo): ReadonlyMap<Leaf, number> {
  const order = major < 4 || (major === 4 && minor < 7) ? leavesBefore4_7 : leaves;
  const words = hardwareCapabilities.split(/[^0-9a-fA-F]+/).filter((word) => word !== "");
  return new Map(
    order.flatMap((leaf, index) => {
      if (leaf === undefined) return [];
      const hidden = hiddenBits[leaf].reduce((mask, bit) => mask | (1 << bit), 0);
      return [[leaf, (Number.parseInt(words[index] ?? "0", 16) & ~hidden) >>> 0] as const];
    }),
  );
}

/**
 * Features that a guest may use on `from` and that `to` lacks, as `CPUID leaf bits` in hexadecimal. Omits leaves that
 * one of the two does not report.
 */
export function missingFeatures(from: XenInfo, to: XenInfo): readonly string[] {
  const [here, there] = [guestFeatures(from), guestFeatures(to)];
  return [...here].flatMap(([leaf, bits]) => {
    const has = there.get(leaf);
    const lacking = has === undefined ? 0 : (bits & ~has) >>> 0;
    return lacking === 0 ? [] : [`CPUID ${leaf}: ${lacking.toString(16).padStart(8, "0")}`];
  });
}
