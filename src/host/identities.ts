import { field, shown, Unparseable } from "./rows.ts";

/**
 * Forms of what identifies things on hosts. A text without its form is rejected, never cut: a cut identity would differ
 * from the same one elsewhere, or equal another one.
 */

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** /etc/machine-id, else the UUID of the hardware; throws Unparseable otherwise. */
export function machineId(text: string): string {
  return matching(text, /^[0-9a-f]{32}$/i.test(text) || uuidForm.test(text.toLowerCase()), "a machine-id");
}

/** /proc/sys/kernel/random/boot_id; throws Unparseable otherwise. */
export function bootId(text: string): string {
  return matching(text, uuidForm.test(text), "a boot id");
}

/** A field that holds a UUID, in lower case; throws Unparseable otherwise. */
export function uuid(row: readonly string[], at: number): string {
  const text = field(row, at, "a UUID").toLowerCase();
  return matching(text, uuidForm.test(text), "a UUID");
}

/** `525400990110` or `52:54:00:99:01:10`, lower case with colons; throws Unparseable otherwise. */
export function macAddress(text: string): string {
  const digits = text.replaceAll(":", "").toLowerCase();
  return matching(text, /^[0-9a-f]{12}$/.test(digits), "a MAC address") && digits.replace(/(..)(?=.)/g, "$1:");
}

/**
 * The MAC address of a network interface; empty without an address, and for one of another length, which AoE does not
 * use (InfiniBand, tunnels). Throws Unparseable for anything else.
 */
export function interfaceMac(text: string): string {
  // The kernel keeps at most 32 bytes.
  const mac = matching(text, text === "" || /^[0-9a-f]{2}(:[0-9a-f]{2}){0,31}$/i.test(text), "a hardware address");
  return mac.length === 17 ? mac.toLowerCase() : "";
}

/** `INODE BIRTH` of an image file; throws Unparseable otherwise. */
export function imageIdentity(text: string): string {
  return matching(text, /^[0-9]{1,20} [0-9]{1,20}$/.test(text), "an inode and its birth");
}

/** `block:MAJOR:MINOR` or `file:DEVICE:INODE`, empty for nothing; throws Unparseable otherwise. */
export function backingIdentity(text: string): string {
  return matching(text, /^((block|file):[0-9]{1,20}:[0-9]{1,20})?$/.test(text), "the identity of a backing");
}

/** One word as scripts/shared/backing-identity.sh writes it, empty for nothing; throws Unparseable otherwise. */
export function lastingIdentity(text: string): string {
  return matching(text, /^[A-Za-z0-9._:/=+,@-]{0,256}$/.test(text), "the lasting identity of a backing");
}

function matching(text: string, matches: boolean, what: string): string {
  if (matches) return text;
  throw new Unparseable(`${shown(text)} is not ${what}`);
}
