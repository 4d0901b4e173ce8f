import { expect, it } from "vitest";
import { parseConfigurationFiles, readConfiguration } from "../../../src/host/configuration-files.ts";
import { twins } from "./bench.ts";

twins(["read-configuration"], "the files in which people write down domains", (dom0) => {
  it("are read as they are, and nothing else is", async () => {
    const text = "# \\ and a\ttab\nname = 'vm'\n\n";
    dom0.write("/etc/fstab", "LABEL=DATA /srv/data ocfs2 _netdev 0 0\n");
    dom0.write("/etc/xen/vm.cfg", text);
    dom0.write("/etc/xen/xl.conf", "autoballoon=0\n");
    dom0.write("/etc/xen/auto/01-other", "name = 'other'\n");
    dom0.write("/srv/data/cut.cfg", "name = 'cut'");
    const { stdout, exitCode, effects } = await dom0.run(
      readConfiguration(["/etc/xen", "/etc/xen/auto", "/srv/data", "/srv/nowhere"]),
    );
    expect({ exitCode, effects }).toEqual({ exitCode: 0, effects: [] });
    expect(parseConfigurationFiles(stdout)).toEqual({
      files: [
        { path: "/etc/fstab", text: "LABEL=DATA /srv/data ocfs2 _netdev 0 0\n" },
        { path: "/etc/xen/vm.cfg", text },
        { path: "/etc/xen/auto/01-other", text: "name = 'other'\n" },
        { path: "/srv/data/cut.cfg", text: "name = 'cut'\n" },
      ],
      skipped: [],
    });
  });

  it("are not read where they are too large", async () => {
    dom0.write("/etc/fstab", "");
    dom0.write("/etc/xen/large.cfg", "#".repeat(65_537));
    const { stdout } = await dom0.run(readConfiguration(["/etc/xen"]));
    expect(parseConfigurationFiles(stdout)).toEqual({
      files: [{ path: "/etc/fstab", text: "" }],
      skipped: ["/etc/xen/large.cfg: has 65537 bytes, more than 65536"],
    });
  });

  it("are known to be cut off where the end is missing", () => {
    expect(parseConfigurationFiles("file\t/etc/fstab\t3\ntext\ta")).toEqual({
      files: [{ path: "/etc/fstab", text: "a\n" }],
      skipped: ["the answer was truncated: there may be more files"],
    });
  });
});
