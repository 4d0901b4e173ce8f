import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { HostDialer, SshTarget } from "../../../src/ssh/host-session.ts";
import { eventually } from "../eventually.ts";
import { sshdPath, startOpenSsh, sudoWorks, userName } from "./open-ssh.ts";
import { failureOf, openDialer, script, targetOn } from "./targets.ts";

if (sshdPath === undefined) process.stderr.write("skipped: OpenSSH tests need sshd: apt-get install openssh-server\n");
if (!sudoWorks) process.stderr.write("skipped: sudo tests need `sudo -n true` to work for this user\n");

const dialers: HostDialer[] = [];
afterEach(async () => {
  await Promise.all(dialers.splice(0).map((dialer) => dialer.close()));
});

type Server = Awaited<ReturnType<typeof startOpenSsh>>;
function sessionOn(server: Server, changes: Partial<SshTarget> = {}) {
  const opened = openDialer();
  dialers.push(opened.dialer);
  const session = opened.dialer.session(targetOn(server, server.user, { user: userName, ...changes }));
  return { ...opened, session };
}

const alive = (pid: number) => {
  const state = existsSync(`/proc/${pid}/stat`)
    ? readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0]
    : undefined;
  return state !== undefined && state !== "Z";
};
const numberIn = (path: string) => Number(readFileSync(path, "utf8"));

describe.skipIf(sshdPath === undefined)("OpenSSH's own server", () => {
  it("runs a script with its arguments and says how it ended", async () => {
    await using server = await startOpenSsh();
    const args = ["two words", "it's", "$(touch pwned)", "-n", "line\nbreak", "☃", "", "*"];
    const request = script('printf "%s|" "$@"; echo remark >&2; exit 7', { args });
    expect(await sessionOn(server).session.run(request)).toEqual({
      exitCode: 7,
      stdout: "two words|it's|$(touch pwned)|-n|line\nbreak|☃||*|",
      stderr: "remark\n",
      milliseconds: expect.any(Number),
    });
  });

  it.each(["diffie-hellman-group14-sha1", "diffie-hellman-group16-sha512", "ecdh-sha2-nistp521", "curve25519-sha256"])(
    "is spoken to through %s",
    async (keyExchange) => {
      await using server = await startOpenSsh([`KexAlgorithms ${keyExchange}`]);
      expect(await sessionOn(server).session.run(script("exit 3"))).toMatchObject({ exitCode: 3 });
    },
  );

  it.each([
    ["rsa", "3072"],
    ["ecdsa", "384"],
  ])("lets a user's %s key of %s bits in", async (type, bits) => {
    await using server = await startOpenSsh();
    const file = join(server.directory, type);
    execFileSync("ssh-keygen", ["-q", "-t", type, "-b", bits, "-N", "", "-f", file]);
    appendFileSync(join(server.directory, "authorized_keys"), readFileSync(`${file}.pub`));
    const credential = { privateKey: readFileSync(file, "utf8"), version: "1" };
    expect(await sessionOn(server, { credential }).session.run(script("exit 3"))).toMatchObject({ exitCode: 3 });
  });

  it("shows none of a script's arguments in its process list", async () => {
    await using server = await startOpenSsh();
    const look = script("tr '\\0' ' ' </proc/$$/cmdline; echo; tr '\\0' ' ' </proc/$PPID/cmdline", {
      args: ["s3cret"],
    });
    const { stdout } = await sessionOn(server).session.run(look);
    expect(stdout).toContain("sh -s");
    expect(stdout).not.toContain("s3cret");
  });

  it("carries scripts and outputs of megabytes unchanged", async () => {
    await using server = await startOpenSsh();
    const big = "ñ☃x".repeat(300_000);
    const { stdout } = await sessionOn(server).session.run(
      script('printf %s "$1"', { args: [big], timeoutSeconds: 60, maxOutputBytes: 4 * 2 ** 20 }),
    );
    expect(stdout === big).toBe(true);
  });

  it("stays on one connection for many commands, below its ten sessions", async () => {
    await using server = await startOpenSsh();
    const { session, kinds } = sessionOn(server);
    const runs = Array.from({ length: 30 }, (_, index) => session.run(script("echo $1", { args: [String(index)] })));
    const outputs = (await Promise.all(runs)).map(({ stdout }) => stdout.trim());
    expect(outputs).toEqual(Array.from({ length: 30 }, (_, index) => String(index)));
    expect(kinds().filter((kind) => kind === "connected")).toHaveLength(1);
  });

  it("that allows two sessions only is served two at a time", async () => {
    await using server = await startOpenSsh(["MaxSessions 2"]);
    const { session } = sessionOn(server);
    const results = await Promise.all(Array.from({ length: 12 }, () => session.run(script("true"))));
    expect(results.map(({ exitCode }) => exitCode)).toEqual(Array.from({ length: 12 }, () => 0));
  });

  it("ends everything a script started when it takes too long, even what ignores TERM", async () => {
    await using server = await startOpenSsh();
    const { session } = sessionOn(server);
    const text = 'trap "" TERM\nsleep 600 &\necho $! >"$1/child"\necho $$ >"$1/shell"\nsleep 601';
    const failure = await failureOf(session.run(script(text, { args: [server.directory], timeoutSeconds: 1 })));
    expect(failure).toEqual({
      code: "TimedOut",
      started: true,
      message: "timed out after 1 s while running test on 127.0.0.1; its processes were killed",
    });
    const pids = ["child", "shell"].map((name) => numberIn(join(server.directory, name)));
    await eventually("both are gone", () => !pids.some(alive), 10);
    expect(await session.run(script("echo next"))).toMatchObject({ stdout: "next\n" });
  });

  it("lets a script clean up when it is cancelled", async () => {
    await using server = await startOpenSsh();
    const caller = new AbortController();
    const text =
      'trap "echo cleaned >\\"$1/cleaned\\"; exit 1" TERM\necho $$ >"$1/shell"\nwhile :; do sleep 0.05; done';
    const running = sessionOn(server).session.run(script(text, { args: [server.directory], signal: caller.signal }));
    await eventually("it runs", () => existsSync(join(server.directory, "shell")), 10);
    caller.abort(new Error("leadership lost"));
    expect(await failureOf(running)).toMatchObject({ code: "Aborted", started: true });
    const cleaned = join(server.directory, "cleaned");
    await eventually("it has cleaned up", () => existsSync(cleaned) && readFileSync(cleaned, "utf8") !== "", 10);
    expect(readFileSync(cleaned, "utf8")).toBe("cleaned\n");
  });

  it("does not wait for a background job that holds the output open", async () => {
    await using server = await startOpenSsh();
    const request = script('sleep 600 & echo $! >"$1/job"; echo started', { args: [server.directory] });
    const { stdout, milliseconds } = await sessionOn(server).session.run(request);
    expect(stdout).toBe("started\n");
    expect(milliseconds).toBeLessThan(10_000);
    process.kill(numberIn(join(server.directory, "job")), "SIGKILL");
  });

  it("that dies mid-command leaves it open whether the command ran, and is reached again", async () => {
    await using server = await startOpenSsh();
    const { session } = sessionOn(server);
    const running = session.run(
      script('echo $$ >"$1/shell"; sleep 600', { args: [server.directory], timeoutSeconds: 60 }),
    );
    await eventually("it runs", () => existsSync(join(server.directory, "shell")), 10);
    server.cutConnections();
    expect(await failureOf(running)).toMatchObject({ code: "ConnectionLost", started: true });
    process.kill(-numberIn(join(server.directory, "shell")), "SIGKILL");
    expect(await session.run(script("echo again"))).toMatchObject({ stdout: "again\n" });
  });

  it("with a login shell that talks does not spoil the output", async () => {
    const talk = `ForceCommand sh -c 'echo "Welcome to $USER"; echo "you have mail" >&2; eval "$SSH_ORIGINAL_COMMAND"'`;
    await using server = await startOpenSsh([talk]);
    expect(await sessionOn(server).session.run(script("echo facts"))).toMatchObject({ stdout: "facts\n", stderr: "" });
  });

  it("with an account that may not log in is not believed", async () => {
    await using server = await startOpenSsh(["ForceCommand echo This account is currently not available."]);
    expect(await failureOf(sessionOn(server).session.run(script("echo facts")))).toMatchObject({
      code: "Unintelligible",
      started: false,
    });
  });

  it("with another host key never sees a login", async () => {
    await using server = await startOpenSsh(["LogLevel DEBUG1"]);
    const { session } = sessionOn(server, { hostKeys: [server.user.publicKey] });
    expect(await failureOf(session.run(script("touch pwned")))).toMatchObject({
      code: "HostKeyMismatch",
      started: false,
    });
    await eventually("the server saw us leave", () => server.log().includes("[preauth]"), 10);
    expect(server.log()).not.toMatch(/userauth-request/);
  });
});

describe.skipIf(sshdPath === undefined || !sudoWorks)("a user who becomes root with sudo", () => {
  it("runs scripts as root", async () => {
    await using server = await startOpenSsh();
    const { session } = sessionOn(server, { become: "Sudo" });
    expect(await session.run(script('id -u; echo "$1"', { args: ["it's"] }))).toMatchObject({ stdout: "0\nit's\n" });
  });

  it("ends what takes too long as root", async () => {
    await using server = await startOpenSsh();
    const { session } = sessionOn(server, { become: "Sudo" });
    const text = 'sleep 600 &\necho $! >"$1/child"\nsleep 601';
    const failure = await failureOf(session.run(script(text, { args: [server.directory], timeoutSeconds: 1 })));
    expect(failure).toMatchObject({ code: "TimedOut", message: expect.stringMatching(/its processes were killed$/) });
    await eventually("it is gone", () => !alive(numberIn(join(server.directory, "child"))), 10);
  });
});
