import { backingsNeverLost } from "./invariants/backings-never-lost.ts";
import { beatingIsAlive } from "./invariants/beating-is-alive.ts";
import { blankBeforeServed } from "./invariants/blank-before-served.ts";
import { deadDoNotWrite } from "./invariants/dead-do-not-write.ts";
import { domainsOfOthers } from "./invariants/domains-of-others.ts";
import { exportsAreUnique } from "./invariants/exports-are-unique.ts";
import { finalizerStays } from "./invariants/finalizer-stays.ts";
import { foreignExportsUntouched } from "./invariants/foreign-exports-untouched.ts";
import { formattedOnce } from "./invariants/formatted-once.ts";
import { heartbeatUnderMounts } from "./invariants/heartbeat-under-mounts.ts";
import { heldDevicesStay } from "./invariants/held-devices-stay.ts";
import { imagesStay } from "./invariants/images-stay.ts";
import type { Invariant } from "./invariants/invariant.ts";
import { leasedFirst } from "./invariants/leased-first.ts";
import { mountsAsDeclared } from "./invariants/mounts-as-declared.ts";
import { neverTwice } from "./invariants/never-twice.ts";
import { nothingOutsideBounds } from "./invariants/nothing-outside-bounds.ts";
import { observedAreLeftAlone } from "./invariants/observed-are-left-alone.ts";
import { onlyTemplatesCopied } from "./invariants/only-templates-copied.ts";
import { permitsRespected } from "./invariants/permits-respected.ts";
import { recordedStays } from "./invariants/recorded-stays.ts";
import { settledOnSight } from "./invariants/settled-on-sight.ts";
import { unknownIsNotAbsent } from "./invariants/unknown-is-not-absent.ts";
import { writtenOnce } from "./invariants/written-once.ts";

/** What must hold at every moment of every run; checked during the run. */
export const invariants: readonly Invariant[] = [
  exportsAreUnique,
  nothingOutsideBounds,
  foreignExportsUntouched,
  heldDevicesStay,
  finalizerStays,
  unknownIsNotAbsent,
  backingsNeverLost,
  formattedOnce,
  heartbeatUnderMounts,
  mountsAsDeclared,
  imagesStay,
  onlyTemplatesCopied,
  neverTwice,
  permitsRespected,
  settledOnSight,
  writtenOnce,
  recordedStays,
  blankBeforeServed,
  domainsOfOthers,
  beatingIsAlive,
  deadDoNotWrite,
  leasedFirst,
  observedAreLeftAlone,
];
