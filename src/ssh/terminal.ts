import type { Client, ClientChannel } from "ssh2";

/** Size and type of a terminal. */
export interface TerminalSize {
  readonly term: string;
  readonly columns: number;
  readonly rows: number;
}

/** Source of keys: standard input of a process. */
export interface Keys {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: "data", listener: (bytes: Buffer) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  off(event: "data", listener: (bytes: Buffer) => void): unknown;
  off(event: "end", listener: () => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** Ctrl-], which ends the session in `xl console` and telnet. */
const leave = "\x1d";

/**
 * Runs a command on a terminal of the host, with these keys, until it ends. Resolves to its exit code, undefined if the
 * host reports none. When the keys end, the command is left as with Ctrl-].
 */
export async function runOnTerminal(
  client: Client,
  command: string,
  { term, columns, rows }: TerminalSize,
  { keys, show, signal }: { readonly keys: Keys; readonly show: (text: string) => void; readonly signal: AbortSignal },
): Promise<number | undefined> {
  signal.throwIfAborted();
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.exec(command, { pty: { term, cols: columns, rows } }, (error, opened) =>
      error === undefined ? resolve(opened) : reject(error),
    );
  });
  const ended = new Promise<number | undefined>((resolve) => {
    let code: number | undefined;
    channel.on("exit", (exit: number | null) => {
      code = exit ?? undefined;
    });
    // The server goes away during a write, or sends data after the end of its output.
    for (const stream of [channel, channel.stderr]) stream.on("error", () => resolve(code));
    channel.on("close", () => resolve(code));
  });
  const typed = (bytes: Buffer) => channel.write(bytes);
  const left = () => channel.write(leave);
  const stop = () => channel.close();
  const text = new TextDecoder();
  channel.on("data", (bytes: Buffer) => show(text.decode(bytes, { stream: true })));
  keys.setRawMode?.(true);
  keys.on("data", typed);
  keys.on("end", left);
  keys.resume();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await ended;
  } finally {
    stop();
    signal.removeEventListener("abort", stop);
    keys.off("data", typed);
    keys.off("end", left);
    keys.setRawMode?.(false);
    keys.pause();
  }
}
