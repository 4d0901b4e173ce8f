/** Replaces a secret. */
export const redacted = "[removed]";

const secrets: readonly RegExp[] = [
  // A private key of any kind (RFC 7468), also on one line with \\n in it.
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // A token of a service account or a person (RFC 7519).
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g,
  // Credentials within a URL, and the value after a header or a word for a password.
  /(?<=\/\/)[^\s/:@]+:[^\s/@]+(?=@)/g,
  /(?<=\b(?:authorization|bearer|token|passw(?:or)?d|passphrase)["']?\s*[:=]\s*["']?)[^\s"',}]+/gi,
];

/**
 * Removes everything that looks like a credential. The commands read no secrets in the first place; this is for texts
 * that others wrote into a log or an annotation.
 */
export const redact = (text: string): string => secrets.reduce((all, one) => all.replaceAll(one, redacted), text);
