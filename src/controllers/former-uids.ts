import type { Owner } from "../host/values.ts";
import { isMarkOf, parseMark } from "./identity.ts";

/** The newest uids of former objects of one name that a status has. */
const mostUIDs = 16;

/** Whether an API server may have issued the uid. */
const isUid = (uid: string): boolean => /^[A-Za-z0-9-]{1,64}$/.test(uid);

/**
 * Uids in marks with the owner's name that the object has never taken over: a later object of this name made them. A
 * deletion that a backup restored must not undo what came after it. `former`: the uids in the status.
 */
export function othersIn(marks: readonly string[], owner: Owner, former: readonly string[] = []): string[] {
  const known = ["", owner.uid, ...former];
  const uids = marks.filter((mark) => isMarkOf(owner, mark)).map((mark) => parseMark(mark).uid);
  return [...new Set(uids)].filter((uid) => !known.includes(uid));
}

/** The uids for the status when an object takes over these marks; undefined if there are none. */
export function takenOver(former: readonly string[] = [], taken: readonly string[]): string[] | undefined {
  const uids = [...new Set([...former, ...taken.filter(isUid)])].slice(-mostUIDs);
  return uids.length === 0 ? undefined : uids;
}

/**
 * The owner with the uid of an existing mark: an object restored from a backup has its name and a new uid, and scripts
 * remove only what has exactly the mark that they are told.
 */
export function ownerUnder(mark: string | undefined, owner: Owner): Owner {
  const { uid } = parseMark(mark ?? "");
  return isMarkOf(owner, mark ?? "") && isUid(uid) ? { ...owner, uid } : owner;
}
