import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { probe } from "../../src/host/actions.ts";
import { parseProbe } from "../../src/host/parse-probe.ts";
import { eventually, known, startHost, type TestHost } from "./host.ts";

describe("the probe of a host", () => {
  let server: TestHost;
  beforeAll(async () => {
    server = await startHost({ image: "host" });
  });
  afterAll(() => server?.stop());

  it("with a thousand volumes stays one short round trip", async () => {
    await server.sh(`
      mkdir -p /srv/aoe
      for i in $(seq 0 999); do
        : >/srv/aoe/$i.img
        printf '# xensan: san/v%s uid-%s\\nshelf=%s\\nslot=%s\\nnetif=eth0\\nfilename=/srv/aoe/%s.img\\noptions=\\n' \\
          $i $i $((i / 250)) $((i % 250)) $i >/etc/vblade.conf.d/v$i.conf
      done
      truncate -s 1M /srv/aoe/served.img
      for i in $(seq 100); do vblade 9 $i eth0 /srv/aoe/served.img </dev/null >/dev/null 2>&1 & done`);
    const backings = Array.from({ length: 1000 }, (_, index) => `/srv/aoe/${index}.img`);
    await eventually("all vblades run", async () => known((await server.probe()).exports).length === 1100);
    const result = await server.run(probe({ roles: ["Server"], backings, segments: [] }));
    const facts = parseProbe(result.stdout);
    expect([known(facts.exports).length, known(facts.backings).length]).toEqual([1100, 1000]);
    console.info(`1000 volumes and 100 vblades: ${Math.round(result.milliseconds)} ms, ${result.stdout.length} bytes`);
    expect(result.milliseconds).toBeLessThan(5000);
  });

  it("tells 900 managed exports that run, and no records of other files than those asked for", async () => {
    await server.sh(`
      mkdir -p /var/lib/xensan/exports /var/lib/xensan/backings
      for i in $(seq 0 4999); do
        printf '/srv/aoe/gone-%s.img\\n%s 0\\nsan/gone uid-gone\\nfile:ext4:%s:0\\n' $i $i $i >/var/lib/xensan/backings/uid-gone.$i
      done
      for i in $(seq 0 899); do
        truncate -s 1M /srv/aoe/$i.img
        inode=$(stat -c %i /srv/aoe/$i.img)
        printf '/srv/aoe/%s.img\\n%s 0\\nsan/v%s uid-%s\\nfile:ext4:%s:0\\n' $i $inode $i $i $inode >/var/lib/xensan/backings/uid-$i.1
        printf 'file:ext4:%s:0\\n/srv/aoe/%s.img\\nsan/v%s uid-%s\\n' $inode $i $i $i >/var/lib/xensan/exports/v$i
      done
      systemctl daemon-reload
      systemctl start $(seq -f 'vblade@v%.0f.service' 0 899)`);
    const backings = Array.from({ length: 900 }, (_, index) => `/srv/aoe/${index}.img`);
    const ask = () => server.probe({ roles: ["Server"], backings });
    await eventually("all units run", async () => {
      const exports = known((await ask()).exports);
      return exports.filter(({ unitState, pid }) => unitState === "active/running" && pid !== undefined).length === 900;
    });
    const facts = await ask();
    const ours = known(facts.exports).filter(({ owner, recorded }) => owner !== "" && recorded !== "");
    expect(ours).toHaveLength(900);
    expect(known(facts.backings).map(({ owner }) => owner)).toEqual(
      backings.map((_, index) => `san/v${index} uid-${index}`),
    );
  });

  it("does not wait for a tool that hangs, and does not start it again while it does", async () => {
    await server.sh("printf '#!/bin/sh\\nexec sleep 300\\n' >/usr/local/sbin/aoecfg; chmod +x /usr/local/sbin/aoecfg");
    const ask = () => server.probe({ roles: ["Server", "Client"], segments: ["eth0"] });
    const first = await ask();
    expect(first.responders).toEqual({ state: "unknown", why: "no answer within 20 seconds" });
    expect(first.exports.state).toBe("known");
    const second = await ask();
    expect(second.responders).toEqual({
      state: "unknown",
      why: expect.stringMatching(/^process [0-9]+ of an earlier probe still hangs$/),
    });
    expect((await server.sh("ps ax | grep -c '[s]leep 300'")).trim()).toBe("1");
  });

  it("answers again once the hanging tool is gone", async () => {
    const hanging = "ps ax | awk '/[s]leep 300/ { print $1 }' | xargs kill";
    await server.sh(`${hanging}; rm /usr/local/sbin/aoecfg`);
    await eventually("the section is known again", async () => {
      const facts = await server.probe({ roles: ["Client"], segments: ["eth0"] });
      return facts.responders.state === "known";
    });
  });
});
