import { Network, type StartedNetwork } from "testcontainers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { abortMigration, startMigration } from "../../src/host/migration-actions.ts";
import { prepareRelocation, type RelocationPeer, verifyRelocation } from "../../src/host/relocation-actions.ts";
import { eventually, known, startHost, type TestHost } from "./host.ts";

const uuid = "37baabc6-98d5-48a2-9634-a38b12e29c45";

/**
 * Simulates what only a hypervisor can do, over a table in /srv/domains: rows ID NAME UUID STATE SECONDS. The
 * transport, the messages and the order of waiting are those of xl 4.17. A file /srv/slow stops the stream.
 */
const xl = `#!/bin/sh
touch /srv/domains
case $1 in
list)
	[ "$2" != --long ] || { printf '[\\n    {\\n        "domid": %s,\\n        "config": { }\\n    }\\n]\\n' "$3"; exit 0; }
	printf 'Name                                        ID   Mem VCPUs\\tState\\tTime(s)   UUID                            Reason-Code\\tSecurity Label\\n'
	printf '%-40s %5d %5d %5d     %s  %8s %s %8s %16s\\n' Domain-0 0 1024 1 r----- 456.0 00000000-0000-0000-0000-000000000000 - -
	while read -r id name uuid state seconds; do
		printf '%-40s %5d %5d %5d     %s  %8s %s %8s %16s\\n' "$name" "$id" 128 1 "$state" "$seconds" "$uuid" - -
	done </srv/domains
	;;
migrate)
	sh -c "exec $3 $5 xl migrate-receive" </srv/stream >/srv/answers &
	exec 3>/srv/stream 4</srv/answers
	{ read -r banner <&4; } && [ "$banner" = ready ] || { echo 'migration transport process exited' >&2; exit 1; }
	while [ -e /srv/slow ]; do
		sleep 0.2
		kill -0 $! 2>/dev/null || { echo 'migration sender: libxl_domain_suspend failed (rc=-3)' >&2; echo 'Migration failed, resuming at sender.' >&2; exit 1; }
	done
	grep "^$4 " /srv/domains >&3
	read -r got <&4 || { echo 'Migration failed, resuming at sender.' >&2; exit 1; }
	echo 'migration sender: Target has acknowledged transfer.' >&2
	echo 'migration sender: Giving target permission to start.' >&2
	echo go >&3
	read -r report <&4 || exit 1
	: >/srv/domains
	echo 'migration sender: Target reports successful startup.' >&2
	echo 'Migration successful.' >&2
	;;
migrate-receive)
	echo 'migration target: Ready to receive domain.' >&2
	echo ready
	read -r id name uuid state seconds || exit 1
	echo 'migration target: Transfer complete, requesting permission to start domain.' >&2
	echo got
	read -r go || exit 1
	echo "7 $name $uuid -b---- 0.0" >>/srv/domains
	echo started
	;;
*) exit 1 ;;
esac
`;

describe("two hosts of which each may send domains to the other", () => {
  let network: StartedNetwork;
  let bella: TestHost;
  let brutus: TestHost;
  let address: { bella: string; brutus: string };
  beforeAll(async () => {
    network = await new Network().start();
    [bella, brutus] = await Promise.all([startHost({ image: "host", network }), startHost({ image: "host", network })]);
    for (const host of [bella, brutus]) {
      await host.sh(
        `cat >/usr/local/sbin/xl <<'END'\n${xl}END\nchmod 755 /usr/local/sbin/xl; mkfifo /srv/stream /srv/answers; : >/srv/domains`,
      );
    }
    const addressOf = async (host: TestHost) => (await host.sh("hostname -I")).trim().split(" ")[0] ?? "";
    address = { bella: await addressOf(bella), brutus: await addressOf(brutus) };
  });
  afterAll(async () => {
    await Promise.all([bella?.stop(), brutus?.stop()]);
    await network?.stop();
  });
  const channel = async (host: TestHost) => known((await host.probe({ roles: ["Client"] })).relocation);
  const peer = async (name: "bella" | "brutus"): Promise<RelocationPeer> => {
    const { publicKey, hostKeys } = await channel(name === "bella" ? bella : brutus);
    return { name, address: address[name], publicKey, hostKeys };
  };
  const runs = async () => known((await bella.probe({ roles: ["Client"] })).migrations);
  const done = (detail: string) => ({ kind: "done", detail });
  const verify = (from: TestHost, to: string) => from.act(verifyRelocation({ address: to }));

  it("have keys first, and do not let each other in yet", async () => {
    const nobody = { senders: [], receivers: [] };
    expect(await bella.act(prepareRelocation(nobody))).toEqual(done("prepared"));
    expect(await brutus.act(prepareRelocation(nobody))).toEqual(done("prepared"));
    expect((await channel(bella)).hostKeys).not.toEqual([]);
    expect(await verify(bella, address.brutus)).toMatchObject({ kind: "refused", reason: "PeerRefuses" });
  });

  it("let each other in once both know the other", async () => {
    const [one, two] = [await peer("bella"), await peer("brutus")];
    expect(await bella.act(prepareRelocation({ senders: [two], receivers: [two] }))).toEqual(done("prepared"));
    expect(await verify(bella, address.brutus)).toMatchObject({ reason: "PeerRefuses" });
    expect(await brutus.act(prepareRelocation({ senders: [one], receivers: [one] }))).toEqual(done("prepared"));
    expect(await verify(bella, address.brutus)).toEqual(done("verified"));
    expect(await verify(brutus, address.bella)).toEqual(done("verified"));
    expect(await verify(bella, "198.51.100.77")).toMatchObject({ kind: "refused" });
  });

  it("let the key do nothing else", async () => {
    const ssh = "ssh -n -F /var/lib/xensan/ssh/config";
    expect(await bella.try(`${ssh} ${address.brutus} id`)).toMatchObject({ exitCode: 126 });
    expect((await bella.try(`${ssh} ${address.brutus}`)).output).toContain("this key is for xl migrate-receive only");
    expect((await bella.try(`${ssh} ${address.brutus} 'xl migrate-receive; id'`)).output).not.toContain("uid=");
    // No forwarding: a key that only receives domains gives no access to the network behind the host.
    expect((await bella.try(`timeout 20 ${ssh} -W 127.0.0.1:22 ${address.brutus}`)).exitCode).not.toBe(0);
  });

  it("do not take the key from anywhere else", async () => {
    const key = await brutus.sh("cat /root/.ssh/authorized_keys");
    await brutus.sh(`sed -i 's/from="[^"]*"/from="198.51.100.1"/' /root/.ssh/authorized_keys`);
    expect(await verify(bella, address.brutus)).toMatchObject({ reason: "PeerRefuses" });
    await brutus.sh(`cat >/root/.ssh/authorized_keys <<'END'\n${key}END`);
    expect(await verify(bella, address.brutus)).toEqual(done("verified"));
  });

  it("move a domain, detached from the command that began it", async () => {
    await bella.sh(`echo "3 vm2 ${uuid} -b---- 9.0" >/srv/domains`);
    const begin = startMigration({
      owner: undefined,
      time: "2026-11-28T09:30:00Z",
      operation: "op-1",
      uuid,
      address: address.brutus,
      timeoutSeconds: 600,
      allowedBridges: [],
      allowedBootFiles: [],
      shared: { mountPoints: [], hidden: [], devices: [] },
    });
    expect(await bella.act(begin)).toEqual(done("started"));
    await eventually("it ends", async () => (await runs())[0]?.state === "Ended");
    expect((await runs())[0]).toMatchObject({ operation: "op-1", uuid, exitCode: 0, phase: "Succeeded" });
    expect(await bella.sh("cat /srv/domains")).toBe("");
    expect(known((await brutus.probe({ roles: ["Client"] })).domains).domains).toMatchObject([
      { id: 7, name: "vm2", uuid },
    ]);
    expect(await bella.act(begin)).toEqual(done("unchanged"));
  });

  it("keep the domain where it is when the migration is aborted in time", async () => {
    await brutus.sh(": >/srv/domains");
    await bella.sh(`echo "3 vm2 ${uuid} -b---- 9.0" >/srv/domains; : >/srv/slow`);
    const run = async () => (await runs()).find(({ operation }) => operation === "op-2");
    expect(
      await bella.act(
        startMigration({
          owner: undefined,
          time: "2026-11-28T09:30:00Z",
          operation: "op-2",
          uuid,
          address: address.brutus,
          timeoutSeconds: 600,
          allowedBridges: [],
          allowedBootFiles: [],
          shared: { mountPoints: [], hidden: [], devices: [] },
        }),
      ),
    ).toEqual(done("started"));
    await eventually("it sends", async () => (await run())?.phase === "Sending");
    expect(await bella.sh("systemctl show -p ActiveState --value xensan-migrate-op-2.service")).toBe("active\n");
    expect(await bella.act(abortMigration({ operation: "op-2" }))).toEqual(done("aborted"));
    expect(await run()).toMatchObject({ state: "Ended", exitCode: 1, phase: "Failed" });
    expect(await bella.sh("cat /srv/domains; rm /srv/slow")).toContain("vm2");
    expect(await brutus.sh("cat /srv/domains")).toBe("");
  });

  it("know after a reboot that a migration was lost, and forget no key", async () => {
    await bella.sh(": >/srv/slow");
    expect(
      await bella.act(
        startMigration({
          owner: undefined,
          time: "2026-11-28T09:30:00Z",
          operation: "op-3",
          uuid,
          address: address.brutus,
          timeoutSeconds: 600,
          allowedBridges: [],
          allowedBootFiles: [],
          shared: { mountPoints: [], hidden: [], devices: [] },
        }),
      ),
    ).toEqual(done("started"));
    await bella.reboot();
    await bella.sh("rm -f /srv/slow");
    const run = (await runs()).find(({ operation }) => operation === "op-3");
    expect(run?.state === "Lost" || run?.exitCode !== 0).toBe(true);
    expect(await verify(bella, (await brutus.sh("hostname -I")).trim())).toEqual(done("verified"));
  });

  it("shut the other out again", async () => {
    expect(await brutus.act(prepareRelocation({ senders: [], receivers: [] }))).toEqual(done("prepared"));
    expect(await verify(bella, address.brutus)).toMatchObject({ reason: "PeerRefuses" });
    expect(await brutus.sh("grep -c xensan: /root/.ssh/authorized_keys || :")).toBe("0\n");
  });
});
