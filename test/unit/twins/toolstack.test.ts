import { expect, it } from "vitest";
import { configureXend, prepareToolstack } from "../../../src/host/toolstack-actions.ts";
import { twins } from "./bench.ts";

const xendomains = "/etc/default/xendomains";

twins(["prepare-toolstack"], "a host that would bring its domains back by itself", (dom0) => {
  // Debian 12's file without comments.
  const debian = `# what is saved\nXENDOMAINS_MIGRATE=""\nXENDOMAINS_SAVE=/var/lib/xen/save\n# XENDOMAINS_RESTORE\nXENDOMAINS_RESTORE=true\nXENDOMAINS_AUTO=/etc/xen/auto\nXENDOMAINS_STOP_MAXWAIT=300\n`;

  it("no longer does, and keeps every other line", async () => {
    dom0.write(xendomains, debian);
    expect(await dom0.act(prepareToolstack())).toEqual({ kind: "done", detail: "prepared" });
    expect(dom0.read(xendomains)).toBe(
      `# what is saved\nXENDOMAINS_MIGRATE=""\nXENDOMAINS_SAVE=""\n# XENDOMAINS_RESTORE\nXENDOMAINS_RESTORE=""\nXENDOMAINS_AUTO=""\nXENDOMAINS_STOP_MAXWAIT=300\n`,
    );
    expect(await dom0.act(prepareToolstack())).toEqual({ kind: "done", detail: "unchanged" });
  });

  it("is understood however the file is written, and left alone where nothing comes back", async () => {
    dom0.write(xendomains, `  export XENDOMAINS_SAVE='/var/lib/xen/save' # here\nXENDOMAINS_RESTORE=false\n`);
    expect(await dom0.act(prepareToolstack())).toEqual({ kind: "done", detail: "prepared" });
    expect(dom0.read(xendomains)).toBe(`XENDOMAINS_SAVE=""\nXENDOMAINS_RESTORE=""\n`);
    dom0.write(xendomains, `XENDOMAINS_SAVE=\nXENDOMAINS_RESTORE="false"\n`);
    expect(await dom0.act(prepareToolstack())).toEqual({ kind: "done", detail: "unchanged" });
  });
});

twins(
  ["prepare-toolstack"],
  "a host without a toolstack",
  (dom0) => {
    it("is told apart from one that is idle", async () => {
      expect(await dom0.act(prepareToolstack())).toMatchObject({ kind: "refused", reason: "ToolMissing" });
      expect(await dom0.act(configureXend({ settings: [] }))).toMatchObject({ kind: "refused", reason: "ToolMissing" });
    });
  },
  { toolstack: "none" },
);

twins(
  ["configure-xend"],
  "the configuration of xend",
  (dom0) => {
    const file = "/etc/xen/xend-config.sxp";
    const settings = [
      { key: "xend-relocation-server", value: "yes" },
      { key: "xend-relocation-hosts-allow", value: "'^localhost$ ^10[.]99[.]0[.]12$'" },
      { key: "dom0-min-mem", value: "196" },
    ];

    it("holds the settings, each once, and keeps other lines and comments", async () => {
      dom0.write(
        file,
        "# -*- sh -*-\n#(xend-relocation-server no)\n(xend-relocation-server no)\n(xend-http-server yes)\n(dom0-min-mem 256)\n  (dom0-min-mem 512)\n",
      );
      expect(await dom0.act(configureXend({ settings }))).toEqual({ kind: "done", detail: "configured" });
      expect(dom0.read(file)).toBe(
        "# -*- sh -*-\n#(xend-relocation-server no)\n(xend-relocation-server yes)\n(xend-http-server yes)\n(dom0-min-mem 196)\n(xend-relocation-hosts-allow '^localhost$ ^10[.]99[.]0[.]12$')\n",
      );
      expect(await dom0.act(configureXend({ settings }))).toEqual({ kind: "done", detail: "unchanged" });
    });

    it("takes a password, and remembers which one it is", async () => {
      dom0.write(file, "(vncpasswd '')\n");
      const password = { text: "hu sh$1", revision: "0123456789abcdef" };
      expect(await dom0.act(configureXend({ settings: [], password }))).toEqual({ kind: "done", detail: "configured" });
      expect(dom0.read(file)).toBe("(vncpasswd 'hu sh$1')\n");
      expect(dom0.read("/var/lib/xensan/xend-password")).toBe("0123456789abcdef\n");
      const again = { ...password, revision: "fedcba9876543210" };
      expect(await dom0.act(configureXend({ settings: [], password: again }))).toEqual({
        kind: "done",
        detail: "unchanged",
      });
      expect(dom0.read("/var/lib/xensan/xend-password")).toBe("fedcba9876543210\n");
    });

    it("is written, and waits with the restart, while a domain is built; then it is restarted", async () => {
      dom0.write(file, "(dom0-min-mem 256)\n");
      dom0.atWork("create", "/etc/xen/vm1");
      expect(await dom0.act(configureXend({ settings }))).toMatchObject({ kind: "refused", reason: "DomainMigrating" });
      expect(dom0.read(file)).toContain("(dom0-min-mem 196)\n");
      expect(await dom0.act(configureXend({ settings }))).toMatchObject({ kind: "refused", reason: "DomainMigrating" });
    });

    it("is missed where there is none", async () => {
      dom0.remove(file);
      expect(await dom0.act(configureXend({ settings }))).toMatchObject({ kind: "refused", reason: "ToolMissing" });
    });
  },
  { toolstack: "xm", xen: "4.1.4" },
);
