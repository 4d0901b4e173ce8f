import { StringDecoder } from "node:string_decoder";
import { printable, printableLines } from "../printable.ts";
import type { Nonce, RemoteProcess } from "./wire.ts";

/** Output of a remote shell on one stream: kept up to a limit, read between the marks. */
export interface Transcript {
  /** False once the limit is exceeded; further output is discarded. */
  add(chunk: Buffer): boolean;
  /** The text between the marks; undefined while the end mark is missing. */
  between(): string | undefined;
  /** The words after `begin` and after `end`; undefined while that mark is missing. */
  readonly beginWords: readonly string[] | undefined;
  readonly endWords: readonly string[] | undefined;
  /** The last characters as one line, for messages. */
  excerpt(): string;
}

interface Mark {
  readonly words: readonly string[];
  /** Where the mark begins, and where the line after it begins, in UTF-16 units of the whole text. */
  readonly start: number;
  readonly after: number;
}

/** Longer than any mark with its words. */
const longestMark = 256;
/** A login banner before the begin mark, and output of background jobs after the end mark, do not count. */
const noiseBytes = 64 * 1024;

/**
 * Text is decoded and made printable as it arrives, chunk by chunk: megabytes of garbage from a host never hold up the
 * event loop, and the result can be shown anywhere.
 */
export function createTranscript(nonce: Nonce, maxBytes: number): Transcript {
  const decoder = new StringDecoder("utf8");
  let pieces: string[] = [];
  let bytes = 0;
  let length = 0;
  let over = false;
  let carry = "";
  let begin: Mark | undefined;
  let end: Mark | undefined;

  /** Searches the new text, with as much of the old as a mark that was split may need. */
  const find = (verb: string, window: string, windowStart: number): Mark | undefined => {
    const at = window.indexOf(`${nonce} ${verb}`);
    const lineEnd = at < 0 ? -1 : window.indexOf("\n", at);
    if (lineEnd < 0) return undefined;
    const words = window.slice(at, lineEnd).split(" ").slice(2);
    return { words, start: windowStart + at, after: windowStart + lineEnd + 1 };
  };

  return {
    add(chunk) {
      bytes += chunk.length;
      if (over || bytes > maxBytes + noiseBytes) return overflow();
      const text = printableLines(decoder.write(chunk));
      const window = carry + text;
      const windowStart = length - carry.length;
      begin ??= find("begin", window, windowStart);
      end ??= find("end", window, windowStart);
      pieces.push(text);
      length += text.length;
      carry = window.slice(-longestMark);
      if (begin !== undefined && (end?.start ?? length) - begin.after > maxBytes) return overflow();
      return true;
    },
    between() {
      if (begin === undefined || end === undefined) return undefined;
      pieces = [pieces.join("")];
      return pieces[0]?.slice(begin.after, end.start);
    },
    get beginWords() {
      return begin?.words;
    },
    get endWords() {
      return end?.words;
    },
    excerpt: () => printable(carry.trim()),
  };

  function overflow(): false {
    over = true;
    pieces = [];
    return false;
  }
}

/** Reads the words of the begin mark; undefined if they do not describe a process. */
export function parseRemoteProcess(words: readonly string[] | undefined): RemoteProcess | undefined {
  const [pid = "", processGroup = "", startTicks = ""] = words ?? [];
  if (![pid, processGroup, startTicks].every((word) => /^\d+$/.test(word))) return undefined;
  return { pid: Number(pid), processGroup: Number(processGroup), startTicks };
}
