/**
 * Values for xl's command lines and configurations, authorized_keys, known_hosts and xend-config.sxp. Each function
 * returns its text or throws.
 */

import { InvalidValue, matching, pathGlobs, whole } from "./values.ts";

/** UUID of a domain in Xen, lower case with hyphens. The UUID of Domain-0 is not accepted. */
export function domainUuid(value: string): string {
  const accepted = "a UUID, 8-4-4-4-12 lower-case hexadecimal digits, not all 0";
  if (/^[0-]+$/.test(value)) throw new InvalidValue("uuid", value, accepted);
  return matching("uuid", value, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, accepted);
}

/**
 * Name of a domain. xl takes a number for a domain id, and uses the refused prefixes and suffixes for domains in
 * migration.
 */
export function domainName(value: string): string {
  const accepted =
    "1 to 63 of A-Z a-z 0-9 _ . -, not only digits, not Domain-0, migrating-*, *--incoming or *--migratedaway";
  if (/^([0-9]+|Domain-0|migrating-.*|.*--(incoming|migratedaway))$/.test(value)) {
    throw new InvalidValue("name", value, accepted);
  }
  return matching("name", value, /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, accepted);
}

/** Name of a migration's unit, file and record. */
export function operationName(value: string): string {
  return matching("operation", value, /^[a-z0-9][a-z0-9-]{0,62}$/, "1 to 63 of a-z 0-9 -");
}

/** RFC 3339 in whole seconds of UTC, as in a host's record. */
export function timeOfDay(value: string): string {
  return matching("time", value, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, "a time like 2026-11-28T09:30:00Z");
}

/** An IPv4 address in dotted decimals; the field is named in the error. */
export function ipv4Address(field: string, value: string): string {
  const octet = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])";
  return matching(field, value, new RegExp(`^${octet}(\\.${octet}){3}$`), "an IPv4 address");
}

/** A host name or DNS name of at most 253 characters. */
export function hostName(field: string, value: string): string {
  return matching(field, value, /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/, "a host name");
}

/** /proc/sys/kernel/random/boot_id of a host. */
export function bootId(value: string): string {
  return matching("bootId", value, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "a boot id of Linux");
}

/** A SHA-256 digest as sha256sum prints it. */
export function sha256(value: string): string {
  return matching("digest", value, /^[0-9a-f]{64}$/, "64 lower-case hexadecimal digits");
}

const keyForm = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{32,1400}={0,2}( [ -~]*)?$/;

/** True for a line that {@link publicKey} accepts. */
export const isPublicKey = (value: string): boolean => keyForm.test(value);

/** `TYPE BASE64` of a public key without its comment, in base64: an argument without blanks. */
export function publicKey(field: string, value: string): string {
  const accepted = "a public key of OpenSSH: its type and its base64 in one line";
  matching(field, value, keyForm, accepted);
  return base64(value.split(" ").slice(0, 2).join(" "));
}

/** A whole file as one argument, in base64. xl.cfg is printable ASCII. */
export function configurationText(value: string): string {
  const accepted = "at most 16384 printable ASCII characters in lines that end with a newline";
  if (value.length > 16_384) throw new InvalidValue("text", `${value.length} characters`, accepted);
  return base64(matching("text", value, /^([ -~]*\n)+$/, accepted));
}

const xendKeys: readonly string[] = [
  "xend-relocation-server",
  "xend-relocation-port",
  "xend-relocation-address",
  "xend-relocation-hosts-allow",
  "network-script",
  "vif-script",
  "dom0-min-mem",
  "dom0-cpus",
  "vncpasswd",
];

/** `KEY=VALUE`, with the value as in the file: `yes`, `8002` or `'text'`. */
export function xendSetting(setting: { readonly key: string; readonly value: string }): string {
  if (!xendKeys.includes(setting.key)) throw new InvalidValue("key", setting.key, xendKeys.join(", "));
  const accepted = "a word, a number, or text between single quotes without quotes or backslashes";
  return `${setting.key}=${matching(setting.key, setting.value, /^([A-Za-z0-9-]{1,32}|'[ !#-&(-[\]-~]{0,1024}')$/, accepted)}`;
}

/** Characters that VNC compares and that do not end the text in xend-config.sxp. */
export const consolePasswordAccepted = {
  pattern: /^[ !#-&(-[\]-~]{1,8}$/,
  words: "1 to 8 printable ASCII characters, without quotes and backslashes",
};

/** `vncpasswd='TEXT'` and `vncpasswd-revision=REVISION`. The error for an invalid text does not contain it. */
export function xendPassword(password: { readonly text: string; readonly revision: string }): readonly string[] {
  if (!consolePasswordAccepted.pattern.test(password.text))
    throw new InvalidValue("vncpasswd", "(not shown)", consolePasswordAccepted.words);
  const revision = matching("revision", password.revision, /^[0-9a-f]{16}$/, "16 hexadecimal digits");
  return [`vncpasswd='${password.text}'`, `vncpasswd-revision=${revision}`];
}

/** `bridge=GLOB` */
export function bridgeBounds(globs: readonly string[]): readonly string[] {
  const accepted = "a bridge name, which may contain *, ? and [a-z]";
  return globs.map((glob) => `bridge=${matching("allowedBridges", glob, /^[A-Za-z0-9._*?[\]!^-]{1,32}$/, accepted)}`);
}

/** `setting=KEY` or `setting=KEY=VALUE` */
export function settingBounds(settings: readonly string[]): readonly string[] {
  const form = /^[a-z][a-z0-9_]{0,62}(=[A-Za-z0-9._:,+/@%=-]{1,128})?$/;
  const accepted = "a key of xl.cfg(5), alone or with = and a value";
  return settings.map((setting) => `setting=${matching("allowedSettings", setting, form, accepted)}`);
}

/** `bootfile=GLOB` */
export function bootFileBounds(globs: readonly string[]): readonly string[] {
  return pathGlobs("allowedBootFiles", globs).map((glob) => `bootfile=${glob}`);
}

/** A duration in whole seconds from 0 to `max`. */
export function seconds(field: string, value: number, max: number): string {
  return whole(field, value, 0, max);
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
