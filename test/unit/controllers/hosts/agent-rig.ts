import { HostAgent, type HostAgentOptions } from "../../../../src/controllers/hosts/agent.ts";
import { refText } from "../../../../src/controllers/identity.ts";
import { probe, probeRunning } from "../../../../src/host/actions.ts";
import type { Addressee } from "../../../../src/host/addressee.ts";
import { HostError, type RunRequest, type SshTarget } from "../../../../src/ssh/host-session.ts";
import { stage } from "../../runtime/stage.ts";
import { type Answering, answered, ended } from "./rig.ts";

const target: SshTarget = {
  host: "san1",
  port: 22,
  user: "root",
  become: "None",
  hostKeys: [],
  hostKeyPolicy: "Pinned",
  credential: { privateKey: "", version: "1" },
};

/** Answers every probe after `ms` with this text, and every other script with `done`. */
export function answering(on: ReturnType<typeof stage>, ms: number, text: () => string = () => answered): Answering {
  return async ({ script, signal }) => {
    await on.clock.sleep(ms, signal);
    return ended(script.name.startsWith("probe") ? text() : "done\t\n");
  };
}

export const unreachable = async () => {
  throw new HostError("Unreachable", "SSH connection refused by san1:22", { started: false });
};

const isProbe = ({ script }: RunRequest) => script.name.startsWith("probe");

/** One agent of one host; `answer` is the behaviour of the host, and may be replaced during the watch. */
export function watching(
  options: Partial<HostAgentOptions> & { readonly answer?: Answering; readonly addressee?: () => Addressee } = {},
) {
  const on = stage("agent");
  const host = { answer: options.answer ?? answering(on, 500) };
  const requests: { readonly at: number; readonly request: RunRequest }[] = [];
  const views: string[] = [];
  const agent: HostAgent = new HostAgent({
    clock: on.clock,
    log: on.log,
    intervalSeconds: 30,
    parallel: 4,
    session: () => ({
      run(request) {
        requests.push({ at: on.clock.monotonic(), request });
        return host.answer(request);
      },
    }),
    route: () => ({ kind: "target", target }),
    probe: (extent) =>
      extent === "Running"
        ? probeRunning()
        : probe({ roles: ["Server"], backings: [], segments: extent === "All" ? ["eth1"] : [] }),
    onView: (before, shown) => views.push([before.state, agent.view.state, ...shown.map(refText)].join(" ")),
    onRunning: (shown) => views.push(["Running", ...shown.map(refText)].join(" ")),
    onEnded: () => undefined,
    addressee: () => ({}),
    observer: () => undefined,
    onHostKey: () => undefined,
    onCommand: () => undefined,
    ...options,
  });
  /** When probes began, in seconds, and what they covered besides the rest. */
  const looks = () =>
    requests
      .filter(({ request }) => isProbe(request))
      .map(({ at, request: { script, args } }) => {
        const extent = script.name === "probe-running" ? " running" : "";
        return `${at / 1000}${args.some((word) => word.startsWith("segment=")) ? " segments" : extent}`;
      });
  const acts = () => requests.filter(({ request }) => !isProbe(request));
  let running: Promise<void> = Promise.resolve();
  return {
    ...on,
    host,
    agent,
    views,
    looks,
    acts,
    /** Watches until `stop`. */
    watch() {
      running = agent.run(on.signal);
    },
    /** Resolves when the watch has ended. */
    ended: () => running,
  };
}
