import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { probe } from "../../../src/host/actions.ts";
import { parseProbe } from "../../../src/host/parse-probe.ts";
import { type FakeDom0, fakeDom0, shells } from "./fake-dom0.ts";

describe.each(shells)("a look at paths, in %s", (...shell) => {
  let dom0: FakeDom0;
  beforeEach(() => {
    dom0 = fakeDom0(shell);
  });
  afterEach(() => dom0.end());
  const look = (...backings: string[]) =>
    parseProbe(dom0.run(probe({ roles: ["Server"], segments: [], backings })).stdout).backings;

  it("tells that a descriptor of the shell is no file", () => {
    const own = Array.from({ length: 8 }, (_, number) => `/dev/fd/${number + 6}`);
    const facts = look(...own, dom0.write("a.img", "a"));
    expect(facts).toEqual({
      state: "known",
      value: [
        ...own.map((path) => expect.objectContaining({ path, kind: "Missing" })),
        expect.objectContaining({ path: `${dom0.directory}/a.img`, kind: "File" }),
      ],
    });
  });

  it("tells more paths than are examined at once, in their order", () => {
    const paths = Array.from({ length: 700 }, (_, index) => dom0.write(`${index}.img`, ""));
    const all = paths.toSpliced(300, 0, `${dom0.directory}/none.img`);
    const facts = look(...all);
    expect(facts.state === "known" && [facts.unread, facts.value.map(({ path, kind }) => `${kind} ${path}`)]).toEqual([
      undefined,
      all.map((path) => `${path.endsWith("none.img") ? "Missing" : "File"} ${path}`),
    ]);
    const real = facts.state === "known" && facts.value.filter(({ path, realPath }) => path === realPath);
    expect(real).toHaveLength(700);
  });

  it("tells all but one that cannot be resolved", () => {
    const [one, odd, other] = ["a.img", "odd.img", "b.img"].map((name) => dom0.write(name, "")) as [
      string,
      string,
      string,
    ];
    dom0.program(
      "realpath",
      `#!/bin/sh\ncode=0\nfor path; do case $path in */odd.img) code=1 ;; *) echo "$path" ;; esac; done\nexit $code\n`,
    );
    expect(look(one, odd, other)).toEqual({
      state: "known",
      value: [one, other].map((path) => expect.objectContaining({ path, realPath: path, kind: "File" })),
      unread: [{ why: "it cannot be resolved", row: odd }],
    });
  });

  it("tells all but one of which stat tells an error", () => {
    const [one, odd] = ["a.img", "odd.img"].map((name) => dom0.write(name, "")) as [string, string];
    dom0.program(
      "stat",
      `#!/bin/sh\ncase $* in *%f*) ;; *) exec /usr/bin/stat "$@" ;; esac\n/usr/bin/stat "$@" | grep -v odd.img\necho "stat: cannot statx '${odd}': Input/output error" >&2\nexit 1\n`,
    );
    expect(look(one, odd)).toEqual({
      state: "known",
      value: [expect.objectContaining({ path: one, kind: "File" })],
      unread: [{ why: "Input/output error", row: odd }],
    });
  });
});
