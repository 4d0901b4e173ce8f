import { type DestinationStream, type Logger, type LoggerOptions, pino, stdSerializers } from "pino";
import type { Clock } from "../clock.ts";
import { printableLines } from "../printable.ts";
import { isRecord } from "./equality.ts";

/** Options of a logger. */
export interface LogOptions {
  readonly level?: "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";
  readonly clock: Pick<Clock, "now">;
  /** Standard output when absent. */
  readonly destination?: DestinationStream;
}

/**
 * Logs JSON lines. Values that look like a secret, by name or by form, are replaced before they are written, and so are
 * control sequences of terminals.
 */
export function createLogger({ level = "info", clock, destination }: LogOptions): Logger {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
    serializers: { err: (error: unknown) => redact(error instanceof Error ? stdSerializers.err(error) : error) },
    formatters: {
      level: (label) => ({ level: label }),
      log: redactFields,
    },
    hooks: {
      // The finished line also contains messages and error texts, and the answers of hosts in the causes of libraries'
      // errors.
      streamWrite: (line) => printableLines(redactText(line)),
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

const redacted = "[redacted]";

const secretNames = new Set(
  [
    "privateKey",
    "ssh-privatekey",
    "passphrase",
    "ssh-passphrase",
    "password",
    "token",
    "authorization",
    "secret",
    "keyData",
  ].map((name) => name.toLowerCase()),
);
const maxDepth = 12;
/** Also matches the fixed fields of a child logger, which pino writes without any formatter. */
const secretField = new RegExp(`("(?:${[...secretNames].join("|")})":)"(?:[^"\\\\]|\\\\.)*"`, "gi");

function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  const { err, ...others } = fields;
  const result = redact(others);
  return { ...(isRecord(result) ? result : {}), ...(err === undefined ? {} : { err }) };
}

/** A copy without secrets: replaces fields by name, and the whole data of a Secret. */
function redact(value: unknown, depth = 0): unknown {
  if (value instanceof Error) return redact(stdSerializers.err(value), depth);
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  if (depth > maxDepth) return "[too deep]";
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  if (!isRecord(value)) return value;
  const secret = value.kind === "Secret";
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      (secretNames.has(name.toLowerCase()) && item !== undefined && item !== null) ||
      (secret && (name === "data" || name === "stringData"))
        ? redacted
        : redact(item, depth + 1),
    ]),
  );
}

/** `line` is JSON, so a text in it ends at the next quotation mark. */
function redactText(line: string): string {
  return line
    .replace(secretField, `$1"${redacted}"`)
    .replace(/-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----[^"]*?(-----END \1-----|(?="))/g, redacted)
    .replace(/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/g, `$1 ${redacted}`);
}
