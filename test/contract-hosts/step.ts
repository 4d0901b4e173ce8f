import type { HostCommand } from "../../src/host/command.ts";
import type { Rack } from "../../src/sim/rack.ts";
import type { Recording } from "./recording.ts";

/** One step in the life of some hosts: a script of ours, a command of an administrator, or time that passes. */
export type Step =
  | {
      readonly kind: "Run";
      readonly host: string;
      readonly command: HostCommand | ((answers: Recording) => HostCommand);
      /** The answer of a real machine becomes this file of test/fixtures/probe, for the parsers' tests. */
      readonly fixture?: string;
    }
  | { readonly kind: "Admin"; readonly host: string; readonly shell: string; readonly rack: (rack: Rack) => void }
  | { readonly kind: "Wait"; readonly seconds: number };

export function stepsOn(host: string) {
  return {
    run: (command: HostCommand, fixture?: string): Step => ({
      kind: "Run",
      host,
      command,
      ...(fixture === undefined ? {} : { fixture }),
    }),
    /** A command that depends on earlier answers, such as a key that a host has made. */
    runAfter: (command: (answers: Recording) => HostCommand): Step => ({ kind: "Run", host, command }),
    /** The same action twice: in shell on a real machine, by the rack's own methods in a simulated one. */
    admin: (shell: string, rack: (rack: Rack) => void): Step => ({ kind: "Admin", host, shell, rack }),
  };
}

export const wait = (seconds: number): Step => ({ kind: "Wait", seconds });
