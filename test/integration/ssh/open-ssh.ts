import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { generateKeyPair } from "../../generate-key.ts";
import { eventually } from "../eventually.ts";

export const sshdPath = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/lib/ssh/sshd"].find(existsSync);
export const userName = userInfo().username;
/** sudo without a password, as `become: Sudo` needs it. */
export const sudoWorks = spawnSync("sudo", ["-n", "true"]).status === 0;

/** OpenSSH's own server on loopback, run as the user who runs the tests, without the machine's configuration. */
export async function startOpenSsh(extraConfig: readonly string[] = []) {
  if (sshdPath === undefined) throw new Error("needs OpenSSH's sshd: apt-get install openssh-server");
  if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const directory = mkdtempSync(join(tmpdir(), "xensan-sshd-"));
  const host = generateKeyPair();
  const user = generateKeyPair();
  const port = await freePort();
  writeFileSync(join(directory, "host"), host.privateKey, { mode: 0o600 });
  writeFileSync(join(directory, "authorized_keys"), `${user.publicKey}\n`, { mode: 0o600 });
  const config = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${join(directory, "host")}`,
    `AuthorizedKeysFile ${join(directory, "authorized_keys")}`,
    "PidFile none",
    "UsePAM no",
    "StrictModes no",
    "PermitRootLogin yes",
    // bash reads the user's .bashrc for a command of sshd, which may take a second, but not inside another shell.
    "SetEnv SHLVL=1",
    ...extraConfig,
  ];
  writeFileSync(join(directory, "config"), `${config.join("\n")}\n`);
  const server = spawn(sshdPath, ["-D", "-e", "-f", join(directory, "config")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  server.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  await eventually(
    "sshd listens",
    () => {
      if (server.exitCode !== null) throw new Error(`sshd ended: ${log}`);
      return log.includes("Server listening");
    },
    10,
  );
  return {
    port,
    directory,
    hostKey: host.publicKey,
    user,
    log: () => log,
    /** Ends the processes that serve connections, as a crash or a network split would: without notice to the client. */
    cutConnections() {
      for (const pid of childrenOf(server)) process.kill(pid, "SIGKILL");
    },
    async [Symbol.asyncDispose]() {
      for (const pid of childrenOf(server)) process.kill(pid, "SIGKILL");
      server.kill("SIGKILL");
      if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
      rmSync(directory, { recursive: true });
    },
  };
}

function childrenOf({ pid }: ChildProcess): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
