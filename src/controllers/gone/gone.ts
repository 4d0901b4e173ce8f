import type { XenHost } from "../../api/kinds.ts";
import type { HostFacts } from "../../host/facts.ts";
import type { ObjectKey } from "../../runtime/kube-api.ts";
import { directivesOf } from "../directives.ts";
import type { Machine } from "../hosts/machine.ts";
import { refTo } from "../identity.ts";
import type { World } from "../world.ts";
import { type Hearing, hearingOf } from "./hearing.ts";
import { storageDeath } from "./storage-death.ts";

/**
 * What is proved about a XenHost that does not answer. Silence of SSH proves nothing, and a node with a heartbeat is
 * alive whatever SSH says. `Forgotten`: a person declares (`xensan.dev/forget`) that this boot of the machine has
 * ended, and no heartbeat contradicts it. `Dead`: the storage of the machine shows that this boot has ended.
 */
export type Gone =
  | {
      readonly kind: "Unproved";
      /** What is missing for a proof, or what a person can declare; empty for a host that answers. */
      readonly why: string;
      /** Hosts whose next looks may prove it; undefined where none can. */
      readonly witnesses: readonly Machine[] | undefined;
    }
  | { readonly kind: "Beats"; readonly message: string; readonly witnesses: readonly Machine[] }
  | Ended;

/** A boot that has ended, with everything that ran in it. */
export interface Ended {
  readonly kind: "Forgotten" | "Dead";
  readonly bootId: string;
  /** Others of which a person declares that they have ended, too. */
  readonly otherBoots?: readonly string[];
  readonly hostname: string;
  /** Evidence for the proof. */
  readonly message: string;
}

const unproved: Gone = { kind: "Unproved", why: "", witnesses: undefined };

/** True if the boot has ended, by proof or by a person's declaration. */
export const hasEnded = (gone: Gone): gone is Ended => gone.kind === "Forgotten" || gone.kind === "Dead";

/** What is proved now about a XenHost; `Unproved` for one that answers. */
export function goneOf(world: World, key: ObjectKey): Gone {
  const object = world.stores.hosts.get(key);
  const view = world.machines.of(refTo("XenHost", key.namespace, key.name))?.agent.view;
  if (object === undefined || view?.state !== "Unreachable") return unproved;
  // A machine answers there, and its identity decides.
  if (view.reason === "MachineChanged") return unproved;
  const hearing = hearingOf(world, key);
  if (hearing.kind === "Heard") return { kind: "Beats", message: hearing.message, witnesses: hearing.witnesses };
  const { bootID, hostname } = object.status?.facts ?? {};
  if (bootID === undefined || hostname === undefined) return unproved;
  const gone = forgotten(object, bootID, hostname) ?? dead(world, object, bootID, hostname, view.last?.facts);
  return hasEnded(gone) ? uncontradicted(gone, hearing) : gone;
}

/**
 * Whether a XenHost that is to go, or does not exist, may be running. A listener that does not answer may hear it,
 * unless its own boot has ended.
 */
export const hearingOfLeaving = (world: World, key: ObjectKey, silentMs = 0, asking?: ObjectKey): Hearing =>
  hearingOf(world, key, silentMs, (listener) => !hasEnded(goneOf(world, listener)), asking);

/**
 * Why a machine may be running whose XenHost does not exist, or was never reached: another node hears its heartbeat, has
 * not listened long enough, or cannot be asked. Undefined: none hears it. After a restore a XenHost may be applied later
 * than the rest. `asking`: the cluster that asks for its own sake, whose devices count in any case.
 */
export function heardWithoutHost(world: World, key: ObjectKey, asking?: ObjectKey): string | undefined {
  return wordsOf(hearingOfLeaving(world, key, 0, asking));
}

/**
 * Why another machine may be running as a XenHost that answers, for instance the one that it replaces: another node
 * hears its heartbeat, or has not listened long enough, and the machine that answers writes none. Undefined: none does.
 */
export function heardBeside(world: World, key: ObjectKey, { o2cb }: HostFacts): string | undefined {
  if (o2cb.state === "known" && (o2cb.value.active?.regions ?? []).length > 0) return undefined;
  return wordsOf(hearingOf(world, key));
}

const wordsOf = (hearing: Hearing) => (hearing.kind === "Silent" ? undefined : hearing.message);

/** Neither proof nor declaration counts before the machines that may hear its heartbeat have listened. */
const uncontradicted = (ended: Ended, hearing: Hearing): Gone =>
  hearing.kind === "Unsure" ? { kind: "Unproved", why: "", witnesses: hearing.witnesses } : ended;

function forgotten({ metadata }: XenHost, bootId: string, hostname: string): Ended | undefined {
  const [first, ...otherBoots] = directivesOf(metadata).forgotten;
  // Only the boot that was seen last shows that the annotation is not older than what has happened since.
  if (first !== bootId) return undefined;
  const ended = otherBoots.length === 0 ? `boot ${bootId} has` : `boots ${[bootId, ...otherBoots].join(" and ")} have`;
  const message = `xensan.dev/forget declares that ${ended} ended, and no node sees its heartbeat`;
  return { kind: "Forgotten", bootId, otherBoots, hostname, message };
}

function dead(world: World, object: XenHost, bootId: string, hostname: string, last: HostFacts | undefined): Gone {
  const { proof } = object.status ?? {};
  const death = storageDeath(world, object, proof?.kind === "StorageDeath" && proof.bootID === bootId, last);
  if (death.kind === "Proved") return { kind: "Dead", bootId, hostname, message: death.message };
  return { kind: "Unproved", why: death.message, witnesses: death.kind === "Open" ? death.witnesses : undefined };
}
