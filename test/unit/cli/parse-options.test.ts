import { describe, expect, it } from "vitest";
import type { Option } from "../../../src/cli/command.ts";
import { parseOptions, typed } from "../../../src/cli/parse-options.ts";
import { runOptions, runSchema } from "../../../src/cli/run-options.ts";

const options: Option[] = [
  { name: "file", placeholder: "FILE", env: "APP_FILE", help: "" },
  { name: "level", placeholder: "LEVEL", env: "APP_LEVEL", fallback: "info", help: "" },
  { name: "tag", placeholder: "TAG", repeat: true, env: "APP_TAGS", help: "" },
  { name: "force", help: "" },
];

describe("a command line", () => {
  it("takes a flag from the line, then from the environment, then from the default", () => {
    const env = { APP_FILE: "from-env", APP_LEVEL: "debug" };
    expect(parseOptions(options, ["--file", "from-line"], env)).toEqual({
      file: "from-line",
      level: "debug",
      tag: [],
      force: false,
    });
    expect(parseOptions(options, [], {})).toEqual({ level: "info", tag: [], force: false });
  });

  it("treats an empty environment variable as absent", () => {
    expect(parseOptions(options, [], { APP_LEVEL: "" })).toEqual({ level: "info", tag: [], force: false });
  });

  it("collects a repeated flag, also from one value with commas", () => {
    expect(parseOptions(options, ["--tag=a, b", "--tag", "c"], {})).toMatchObject({ tag: ["a", "b", "c"] });
    expect(parseOptions(options, [], { APP_TAGS: "x,y," })).toMatchObject({ tag: ["x", "y"] });
  });

  it.each([
    [["--fil", "x"], "unknown flag --fil, did you mean --file?"],
    [["--bananas"], "unknown flag --bananas"],
    [["-f", "x"], "unknown flag -f"],
    [["--file"], "--file needs a value: --file FILE"],
    [["--file", "--force"], "--file needs a value: --file FILE"],
    [["--force=yes"], "--force takes no value"],
    [["--file", "a", "--file", "b"], "--file is specified twice"],
    [["stray"], 'unexpected argument "stray"'],
  ])("refuses %j", (args, message) => {
    expect(() => parseOptions(options, args, {})).toThrow(message);
  });

  it("accepts a value that starts with dashes when it is joined with =", () => {
    expect(parseOptions(options, ["--file=--odd"], {})).toMatchObject({ file: "--odd" });
  });
});

describe("the values of xensan run", () => {
  const read = (...args: string[]) => typed(runSchema, runOptions, parseOptions(runOptions, args, {}));

  it("have defaults that serve every namespace and elect a leader", () => {
    expect(read()).toEqual({
      namespace: [],
      "allow-address": [],
      "probe-interval": 30,
      "migrations-at-once": 4,
      "leader-election": "true",
      "lease-name": "xensan",
      listen: { host: "127.0.0.1", port: 8080 },
      "metrics-auth": "none",
      "log-level": "info",
    });
  });

  it.each([
    ["0.0.0.0:9090", { host: "0.0.0.0", port: 9090 }],
    [":9090", { host: "0.0.0.0", port: 9090 }],
    ["[::1]:0", { host: "::1", port: 0 }],
  ])("listen on %s", (text, expected) => {
    expect(read("--listen", text).listen).toEqual(expected);
  });

  it.each([
    [["--listen", "8080"], '--listen (or XENSAN_LISTEN) is "8080"; it must be an address and a port'],
    [["--listen", "a:70000"], '--listen (or XENSAN_LISTEN) is "a:70000"; it must be'],
    [["--probe-interval", "0"], "must be a whole number from 1 to 3600"],
    [["--probe-interval", "1.5"], "must be a whole number from 1 to 3600"],
    [["--migrations-at-once", "0"], '--migrations-at-once (or XENSAN_MIGRATIONS_AT_ONCE) is "0"; it must be'],
    [["--leader-election", "yes"], "must be true or false"],
    [
      ["--namespace", "ok,Not_OK"],
      '--namespace (or XENSAN_NAMESPACES) is "Not_OK"; it must be the name of a namespace',
    ],
  ])("name the flag, the value and what would be accepted: %j", (args, message) => {
    expect(() => read(...args)).toThrow(message);
  });
});
