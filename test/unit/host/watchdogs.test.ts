import { describe, expect, it, onTestFinished } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { shellHost } from "../twins/shell-host.ts";
import { shells } from "./fake-dom0.ts";

/** A dom0 whose kernel has this watchdog: its name, whether it is opened, its seconds. */
async function watchdogsOf(
  shell: readonly string[],
  sysfs: readonly (readonly [string, string, string])[],
  more: Record<string, string> = {},
) {
  const host = shellHost(shell, { time: "Real" });
  onTestFinished(() => host.end());
  for (const [number, [identity, state, timeout]] of sysfs.entries()) {
    host.write(`/sys/class/watchdog/watchdog${number}/identity`, `${identity}\n`);
    host.write(`/sys/class/watchdog/watchdog${number}/state`, `${state}\n`);
    host.write(`/sys/class/watchdog/watchdog${number}/timeout`, `${timeout}\n`);
  }
  for (const [path, text] of Object.entries(more)) host.write(path, text);
  const { stdout } = await host.run(probe({ roles: ["Client"], backings: [], segments: [] }));
  const { toolstack } = parseProbe(stdout);
  return toolstack.state === "known" ? toolstack.value.watchdogs : toolstack;
}

describe.each(shells)("the watchdogs of the machine, in %s", (...shell) => {
  it("count when a program has opened them, and are armed at boot where systemd opens them", async () => {
    expect(await watchdogsOf(shell, [["iTCO_wdt", "active", "30"]])).toEqual([
      { name: "iTCO_wdt", seconds: 30, atBoot: false },
    ]);
    expect(
      await watchdogsOf(shell, [["iTCO_wdt", "active", "30"]], {
        "/etc/systemd/system.conf": "[Manager]\n#RebootWatchdogSec=10min\nRuntimeWatchdogSec=30\n",
      }),
    ).toEqual([{ name: "iTCO_wdt", seconds: 30, atBoot: true }]);
  });

  it("do not count while nobody feeds them, nor where they are a timer of the kernel that hangs", async () => {
    expect(
      await watchdogsOf(
        shell,
        [
          ["iTCO_wdt", "inactive", "30"],
          ["Software Watchdog", "active", "10"],
        ],
        { "/etc/systemd/system.conf": "[Manager]\n#RuntimeWatchdogSec=30\n" },
      ),
    ).toBeUndefined();
  });
});
