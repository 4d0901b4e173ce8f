import { backingsNeverLost } from "./invariants/backings-never-lost.ts";
import { exportsAreUnique } from "./invariants/exports-are-unique.ts";
import { finalizerStays } from "./invariants/finalizer-stays.ts";
import { foreignExportsUntouched } from "./invariants/foreign-exports-untouched.ts";
import { heldDevicesStay } from "./invariants/held-devices-stay.ts";
import type { Invariant } from "./invariants/invariant.ts";
import { nothingOutsideBounds } from "./invariants/nothing-outside-bounds.ts";
import { unknownIsNotAbsent } from "./invariants/unknown-is-not-absent.ts";

/** What must hold at every moment of every run (HOSTS.md section 2). All of it is checked while a run goes on. */
export const invariants: readonly Invariant[] = [
  exportsAreUnique,
  nothingOutsideBounds,
  foreignExportsUntouched,
  heldDevicesStay,
  finalizerStays,
  unknownIsNotAbsent,
  backingsNeverLost,
];

/** What must hold too, as soon as the rack models it: each becomes an {@link Invariant} with the capability it guards. */
export const invariantsToCome: readonly { readonly name: string; readonly says: string; readonly needs: string }[] = [
  {
    name: "formatted at most once",
    says: "mkfs runs on a device at most once, ever, and only on one whose first and last MiB are zero",
    needs: "OCFS2 in the rack: an event per mkfs",
  },
  {
    name: "a recorded file system never vanishes quietly",
    says: "a device whose UUID is in a status and that shows another one is an alarm, never formatted",
    needs: "OCFS2 in the rack",
  },
  {
    name: "heartbeat stays under a mount",
    says: "no command ends a heartbeat region, o2cb or an AoE device under a mounted file system",
    needs: "o2cb in the rack: events for heartbeat regions and mounts",
  },
  {
    name: "a domain never runs twice",
    says: "at any moment at most one host runs (not paused, not suspended) a domain of one UUID",
    needs: "xl in the rack: events for the states of domains",
  },
  {
    name: "a migration loses no domain",
    says: "from the first step of a migration to its end some host holds a complete image of the domain",
    needs: "xl in the rack: migration in phases",
  },
];
