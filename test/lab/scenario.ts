import type { Manifest } from "../../src/cli/manifests.ts";
import type { Kind, KubeObject } from "../../src/runtime/kube-api.ts";
import type { RunResult, Script } from "../../src/ssh/host-session.ts";
import type { rackFiles } from "./places.ts";
import type { Slowness } from "./rack.ts";

/**
 * The language of the lab's scenarios. `npm run test:lab` tells the stories of scenarios/index.ts, each on a clean rack of
 * real hosts with a new control plane and the operator of this tree as a process of its own:
 *
 *   export const aoe: Story = {
 *     name: "aoe",
 *     rack: "Plain",
 *     given: {                                 // from bare hosts to what every scenario below starts from
 *       name: "bare hosts to two volumes on both dom0s",
 *       async run({ apply, examples, ready }) {
 *         await apply(...(await examples("tutorial")));
 *         await ready();                       // every object of ours is Ready/True
 *       },
 *     },
 *     scenarios: [
 *       {
 *         name: "vblade killed",
 *         async run({ on, until, become }) {
 *           await on("san", "kill -9 $(pgrep -x vblade | head -n 1)");
 *           await become(aoeVolumes, "data", "Ready/True");
 *           return "what the table shall say beside ok";
 *         },
 *       },
 *     ],
 *   };
 *
 * Scenarios run one after the other on the same rack and must leave it as they found it. After one that fails, the rack is
 * made clean again and `given` runs once more, so the next one is judged by itself. A scenario succeeds unless it throws.
 * `--only TEXT` takes the stories and scenarios whose name contains it; `given` always runs. Without it those that are not
 * `long`, with `--all` all of them.
 *
 * Waiting is always for a state, with a limit in seconds; limits are for giving up, not for measuring (QEMU without
 * hardware help is slow, and slower on a busy machine). Host names are those of the rack file (san, bella, brutus).
 */
export interface Story {
  readonly name: string;
  /**
   * Xen: the tutorial's rack. Plain: the same hosts without Xen, several times as fast, for what needs no domain.
   * Disks: Plain with two data disks that can be told apart, and a disk for images. Wide: two SAN servers and three
   * such hosts.
   */
  readonly rack: keyof typeof rackFiles;
  /** If it is long, the whole story is. */
  readonly given: Scenario;
  readonly scenarios: readonly Scenario[];
}

export interface Scenario {
  readonly name: string;
  /** Runs only with --all, or when --only names it: the default run must end within half an hour. */
  readonly long?: true;
  /** The resolved text is printed in the table. */
  run(words: Words): Promise<string | undefined>;
}

export interface Words {
  /** Runs shell text as root on a host; resolves with its output; rejects when its exit code is not 0. */
  on(host: string, text: string, timeoutSeconds?: number): Promise<string>;
  /** Runs a script as the operator does; resolves whatever its exit code is. */
  run(host: string, script: Script, args: readonly string[], timeoutSeconds: number): Promise<RunResult>;
  /** Resolves with the output as soon as the text exits 0; the host may be away in between. 180 s by default. */
  until(host: string, text: string, withinSeconds?: number): Promise<string>;

  /**
   * Server-side apply. Sets the SSH ports of this rack and creates the Secret with its key, so that a manifest may have
   * the values of the examples. The namespace is `san` where none is given.
   */
  apply(...manifests: readonly Manifest[]): Promise<void>;
  /** The manifests of a folder of examples/, or of one file in it. */
  examples(where: string): Promise<Manifest[]>;
  /** Deletes an object; see `gone`. */
  remove(kind: Kind, name: string): Promise<void>;
  get<T extends KubeObject>(kind: Kind<T>, name: string): Promise<T>;
  /** Waits for a condition, "Ready/True" or "DeletionBlocked/True/Held", and resolves with its message. 300 s by default. */
  become(kind: Kind, name: string, condition: string, withinSeconds?: number): Promise<string>;
  /**
   * All our objects are Ready/True with a status of their newest generation; a XenHost without Xen is AoeReady/True.
   * 300 s by default.
   */
  ready(withinSeconds?: number): Promise<void>;
  /** The object is no longer in the API. 180 s by default. */
  gone(kind: Kind, name: string, withinSeconds?: number): Promise<void>;

  readonly power: {
    /** QEMU is killed. */
    cut(host: string): Promise<void>;
    /** Boots it; resolves when it answers. */
    restore(host: string, withinSeconds?: number): Promise<void>;
  };
  /** Copies the present state of a disk; a failure keeps the copy. Only flushed data is sure to be in it. */
  keepDisk(host: string, path: string): Promise<void>;
  /** Swaps the slots of two disks of a host that is off: at the next boot each has the other's name. */
  swapDisks(host: string, one: string, other: string): void;
  /** The same for two network cards, given by the names of their interfaces. */
  swapCards(host: string, one: string, other: string): void;
  /** An orderly reboot by the host itself; resolves when the host answers in a new boot. */
  reboot(host: string, withinSeconds?: number): Promise<void>;
  /** Cable of the host's first interface except the management one, or of the given one. */
  readonly cable: {
    cut(host: string, nic?: string): Promise<void>;
    mend(host: string, nic?: string): Promise<void>;
    /** Slow until mended: `{ rate: "8mbit", delayMs: 20 }`. */
    slow(host: string, how: Slowness, nic?: string): Promise<void>;
  };
  readonly operator: {
    /** SIGKILL. */
    kill(): Promise<void>;
    /** SIGTERM; resolves when it has ended. */
    stop(): Promise<void>;
    start(): Promise<void>;
  };
  /** Runs a command of xensan as a user types it, in the namespace `san`; resolves with its output. */
  xensan(...args: string[]): Promise<string>;
  /** The manifests that `xensan import` writes for the hosts san, bella and brutus, and what it says about the rest. */
  imported(): Promise<{ readonly manifests: readonly Manifest[]; readonly said: readonly string[] }>;
  /** Another management cluster, empty, with an operator of its own that reaches the same hosts. It ends with the story. */
  rival(): Promise<Rival>;
}

/** The words for another management cluster. */
export type Rival = Pick<Words, "apply" | "examples" | "get" | "become" | "remove" | "gone"> & {
  /** Ends its operator and the cluster. */
  close(): Promise<void>;
};
