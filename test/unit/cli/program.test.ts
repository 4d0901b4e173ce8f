import { describe, expect, it } from "vitest";
import { type Command, UsageError } from "../../../src/cli/command.ts";
import { commands } from "../../../src/cli/commands.ts";
import { exitCodesOf } from "../../../src/cli/exit-codes.ts";
import { parseOptions } from "../../../src/cli/parse-options.ts";
import { run } from "../../../src/cli/run.ts";
import { up } from "../../../src/up/up.ts";
import { typeCommand } from "../../command-line.ts";
import { pages, typedIn } from "../docs/pages.ts";
import { commandReference } from "./command-reference.ts";

function type(args: string[], env: Record<string, string> = {}, others: Command[] = [], program = "xensan") {
  const entries = others.map((other) => ({ name: other.name, summary: "", load: () => Promise.resolve(other) }));
  return typeCommand([...commands, ...entries], args, { env, program });
}

const all = await Promise.all(commands.map((entry) => entry.load()));

describe("xensan", () => {
  it("without a command prints its help as an error", async () => {
    expect(await type([])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("Usage: xensan COMMAND"),
    });
  });

  it("prints its version", async () => {
    expect(await type(["--version"])).toEqual({ code: 0, stdout: "0.1.0\n", stderr: "" });
  });

  it.each([
    [["rnu"], 'unknown command "rnu", did you mean run?\nCommands: run, import, '],
    [["help", "bananas"], 'unknown command "bananas"\nCommands: run, import, '],
    [["help", "why", "--foo"], "xensan why: unknown flag --foo"],
    [["migrate"], "DOMAIN is missing: A XenDomain"],
    [["why", "aoevolume"], '"aoevolume" is not a KIND/NAME'],
    [["why", "aoevolme/data"], 'there is no kind "aoevolme", did you mean aoevolume?'],
    [["drain", "a", "b"], 'unexpected argument "b"'],
    [["plan"], "--file is missing"],
    [["topology", "-o", "yaml"], '--output is "yaml"; it must be text, json, html, mermaid or dot'],
    [["completion", "bsh"], 'the shell is "bsh", did you mean bash?'],
    [["run", "--foo"], "xensan run: unknown flag --foo\nSee: xensan run --help"],
    [["run", "--listn", "x"], "unknown flag --listn, did you mean --listen?"],
    [
      ["run", "--probe-interval", "soon"],
      '--probe-interval (or XENSAN_PROBE_INTERVAL) is "soon"; it must be a whole number',
    ],
    [
      ["run"],
      "xensan run: --allow-address (or XENSAN_ALLOW_ADDRESSES) is missing; it must be CIDR blocks, IP addresses and host names, or only Any for every address\nSee: xensan run --help",
    ],
    [
      ["run", "--allow-address", "10.0.0.0/99"],
      '--allow-address (or XENSAN_ALLOW_ADDRESSES) has "10.0.0.0/99", which is neither a CIDR block',
    ],
    [["run", "--allow-address", "10.0.0.0/8,Any"], 'is "10.0.0.0/8,Any"; it must be CIDR blocks'],
    [["run", "--allow-address", "any"], 'is "any"; it must be CIDR blocks'],
  ])("says what is wrong with %j and exits with 2", async (args, message) => {
    expect(await type(args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(message) });
  });

  it.each([
    [["run", "--allow-address=Any"], {}, "no Kubernetes API server configured"],
    [["run"], { XENSAN_ALLOW_ADDRESSES: "192.0.2.0/24" }, "no Kubernetes API server configured"],
    [
      ["run", "--allow-address=Any", "--leader-election=false"],
      { KUBECONFIG: "/no/such" },
      "kubeconfig /no/such does not",
    ],
    [["topology", "--kubeconfig", "/no/such"], {}, "xensan topology: kubeconfig /no/such does not exist; it must be"],
  ])("fails %j at once with a message and no stack trace", async (args, env, message) => {
    const { code, stderr } = await type(args, env);
    expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 1, lines: 1 });
    expect(stderr).toContain(message);
  });

  it.each([
    [["--timeout", "-3"], { code: 2, message: "it must be a whole number from 1 to 86400" }],
    [["--output", "yaml"], { code: 2, message: "it must be text or json" }],
    [["--apply", "/no/such/file"], { code: 1, message: "file or directory /no/such/file does not exist" }],
    [["--rack", "/no/such/rack.yaml"], { code: 1, message: "/no/such/rack.yaml" }],
  ])("says what is wrong with npm start -- %j", async (args, { code, message }) => {
    const result = await type(["start", ...args], {}, [up], "npm");
    expect(result).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(message) });
  });

  it("lists in the help of a command every flag with its environment variable and default, and every exit code", async () => {
    for (const command of all) {
      const help = await type([command.name, "--help"]);
      expect(help.code).toBe(0);
      const stdout = help.stdout.replace(/\s+/g, " ");
      for (const { name, env, fallback } of command.options) {
        expect(stdout).toContain(` --${name}`);
        if (env !== undefined) expect(stdout).toContain(`Environment: ${env}.`);
        if (fallback !== undefined) expect(stdout).toContain(`Default: ${fallback}.`);
      }
      for (const { code, meaning } of exitCodesOf(command)) expect(stdout).toContain(` ${code} ${meaning}`);
    }
  });

  it("speaks of itself as kubectl calls it", async () => {
    const program = "kubectl xensan";
    expect((await type(["why", "--help"], {}, [], program)).stdout).toContain(
      "Usage: kubectl xensan why [KIND/NAME] [FLAGS]",
    );
    expect((await type(["wy"], {}, [], program)).stderr).toBe(
      [
        'kubectl xensan: unknown command "wy", did you mean why?',
        `Commands: ${commands.map(({ name }) => name).join(", ")}, help, version`,
        "See: kubectl xensan --help\n",
      ].join("\n"),
    );
  });

  it.each(all.map(({ name }) => name))("prints the same help of %s however it is asked", async (name) => {
    const help = await type([name, "--help"]);
    expect(help).toEqual({ code: 0, stdout: expect.stringContaining(`Usage: xensan ${name}`), stderr: "" });
    expect(await type([name, "-h"])).toEqual(help);
    expect(await type(["help", name])).toEqual(help);
  });

  it("says which exit codes a command gives, and which of them mean more than elsewhere", async () => {
    const codes = async (name: string) => (await type(["help", name])).stdout.split("Exit codes:\n")[1];
    expect(await codes("pause")).toBe(
      [
        "  0    done",
        "  1    failed",
        "  2    the command line is wrong, or there is no such object",
        "  130  interrupted\n",
      ].join("\n"),
    );
    expect(await codes("plan")).toBe(
      [
        "  0    no object would be refused",
        "  1    failed, or an object would be refused",
        "  2    the command line is wrong",
        "  130  interrupted\n",
      ].join("\n"),
    );
  });

  it("prints the help of the program however it is asked", async () => {
    const help = await type(["--help"]);
    expect(help).toEqual({ code: 0, stdout: expect.stringContaining("Usage: xensan COMMAND"), stderr: "" });
    for (const args of [["-h"], ["help"], ["help", "help"]]) expect(await type(args)).toEqual(help);
  });

  it("documents the same in the reference", async () => {
    await expect(commandReference(all, up)).toMatchFileSnapshot("../../../docs/reference/cli.md");
  });

  it("is typed in the docs as it can be typed", () => {
    const docs = pages().filter(({ file }) => file !== "docs/reference/cli.md");
    const found = [
      ...typedIn(docs, "xensan"),
      ...typedIn(docs, "kubectl").flatMap(({ file, args: [name, ...args] }) =>
        name === "xensan" ? [{ file, args }] : [],
      ),
    ];
    const wrong = found.flatMap(({ file, args: [name, ...args] }) => {
      const command = all.find((one) => one.name === name);
      if (name === "help" && (args.length === 0 || all.some((one) => one.name === args.join(" ")))) return [];
      try {
        if (command === undefined) throw new Error("there is no such command");
        parseOptions(command.options, args, {}, command.arguments);
        return [];
      } catch (error) {
        return [`${file}: xensan ${[name, ...args].join(" ")}: ${error}`];
      }
    });
    expect(wrong).toEqual([]);
    expect(found.length).toBeGreaterThan(20);
    const named = docs.flatMap(({ file, spans }) =>
      spans.filter((span) => /^(kubectl )?xensan [a-z]/.test(span)).map((span) => ({ file, span })),
    );
    const unknown = named.filter(({ span }) => {
      const [name, ...words] = span.replace(/^(kubectl )?xensan /, "").split(" ");
      const flags = all.find((one) => one.name === name)?.options.map((option) => `--${option.name}`);
      return !words.every((word) => !/^--[a-z]/.test(word) || word === "--help" || flags?.includes(word) === true);
    });
    expect(unknown).toEqual([]);
  });

  it("turns a usage error of a command into exit code 2, any other into 1", async () => {
    const failing = (error: Error): Command => ({
      ...run,
      name: "fail",
      options: [],
      run: () => Promise.reject(error),
    });
    expect(await type(["fail"], {}, [failing(new UsageError("not so"))])).toMatchObject({ code: 2 });
    expect(await type(["fail"], {}, [failing(new Error("broken"))])).toEqual({
      code: 1,
      stdout: "",
      stderr: "xensan fail: broken\n",
    });
  });
});
