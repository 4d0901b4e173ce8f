import type { ServerChannel } from "ssh2";
import type { Host } from "./model/state.ts";
import { domainNamed } from "./model/xen-state.ts";

/** The domain whose console a command line shows; undefined for other commands. */
export function consoleOf(command: string): string | undefined {
  const [, name] = /^(?:sudo -n )?env PATH=[^ ]+ x[lm] console ([A-Za-z0-9_.-]+)$/.exec(command) ?? [];
  return name;
}

/** `xl console NAME` on a terminal: the guest prompts for a login and echoes what is typed, until Ctrl-]. */
export function answerConsole(host: Host, channel: ServerChannel, name: string): void {
  const domain = domainNamed(host, name);
  if (domain === undefined) {
    channel.write(`${name} is an invalid domain identifier (rc=-6)\r\n`);
    channel.exit(2);
    channel.end();
    return;
  }
  channel.write(`\r\n${name} login: `);
  channel.on("data", (bytes: Buffer) => {
    const text = bytes.toString("utf8");
    const [typed = ""] = text.split("\x1d");
    channel.write(typed.replaceAll("\r", "\r\n"));
    if (typed === text) return;
    channel.exit(0);
    channel.end();
  });
}
