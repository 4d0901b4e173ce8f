import type { Nonce, RemoteProcess } from "./wire.ts";

/** What a remote shell has sent so far, on one stream: kept up to a limit, read between the marks. */
export interface Transcript {
  /** False once the limit is passed; nothing is kept any more then. */
  add(chunk: Buffer): boolean;
  /** Between the marks; undefined while the end mark is missing. */
  between(): string | undefined;
  /** The words after `begin` and after `end`; undefined while that mark is missing. */
  readonly beginWords: readonly string[] | undefined;
  readonly endWords: readonly string[] | undefined;
  /** The last bytes as they came, for messages. */
  excerpt(): string;
}

interface Mark {
  readonly words: readonly string[];
  /** Offsets into the stream of its first byte and of the byte after its newline. */
  readonly start: number;
  readonly after: number;
}

/** Longer than any mark with its words. */
const longestMark = 256;
/** A login banner in front of the begin mark, and what background jobs print after the end mark, do not count. */
const noiseBytes = 64 * 1024;

export function createTranscript(nonce: Nonce, maxBytes: number): Transcript {
  let chunks: Buffer[] = [];
  let length = 0;
  let over = false;
  let carry: Buffer = Buffer.alloc(0);
  let begin: Mark | undefined;
  let end: Mark | undefined;

  /** Looks at the new bytes and as many old ones as a mark that was cut in two may need. */
  const find = (verb: string, window: Buffer, windowStart: number): Mark | undefined => {
    const at = window.indexOf(`${nonce} ${verb}`);
    const lineEnd = at < 0 ? -1 : window.indexOf("\n", at);
    if (lineEnd < 0) return undefined;
    const words = window.toString("latin1", at, lineEnd).split(" ").slice(2);
    return { words, start: windowStart + at, after: windowStart + lineEnd + 1 };
  };

  return {
    add(chunk) {
      const limit = maxBytes + noiseBytes;
      if (over || length + chunk.length > limit) {
        over = true;
        chunks = [];
        return false;
      }
      const window = Buffer.concat([carry, chunk]);
      const windowStart = length - carry.length;
      begin ??= find("begin", window, windowStart);
      end ??= find("end", window, windowStart);
      chunks.push(chunk);
      length += chunk.length;
      carry = window.subarray(Math.max(0, window.length - longestMark));
      if (begin !== undefined && (end?.start ?? length) - begin.after > maxBytes) {
        over = true;
        chunks = [];
        return false;
      }
      return true;
    },
    between() {
      if (begin === undefined || end === undefined) return undefined;
      return Buffer.concat(chunks, length).toString("utf8", begin.after, end.start);
    },
    get beginWords() {
      return begin?.words;
    },
    get endWords() {
      return end?.words;
    },
    excerpt: () => carry.toString("utf8").trim(),
  };
}

export function parseRemoteProcess(words: readonly string[] | undefined): RemoteProcess | undefined {
  const [pid = "", processGroup = "", startTicks = ""] = words ?? [];
  if (![pid, processGroup, startTicks].every((word) => /^\d+$/.test(word))) return undefined;
  return { pid: Number(pid), processGroup: Number(processGroup), startTicks };
}
