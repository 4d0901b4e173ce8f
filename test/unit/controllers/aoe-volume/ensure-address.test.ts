import { describe, expect, it } from "vitest";
import { aoeServerSpecSchema } from "../../../../src/api/aoe-server.ts";
import { ensureAddress } from "../../../../src/controllers/aoe-volume/ensure-address.ts";
import type { VolumeObservation } from "../../../../src/controllers/aoe-volume/observation.ts";
import type { HostView } from "../../../../src/controllers/hosts/view.ts";
import type { Export, HostFacts, Responder } from "../../../../src/host/facts.ts";
import type { UnreadRow } from "../../../../src/host/probe-sections.ts";
import { decision } from "../decision.ts";
import { known, reachable, unreachable } from "../facts.ts";
import { backing, card, client, mac, seen, served, server, ssh, volume } from "./observations.ts";

const foreign: Export = {
  ...served,
  ...{ backing: "/srv/other.img", backingIdentity: "file:1:9", recorded: "", instance: "old", owner: "" },
};
const free: Partial<HostFacts> = {
  ...{ exports: known([]), responders: known([]), backings: known([backing]), interfaces: known([card]) },
};
const heard = (...interfaces: string[]): Partial<HostFacts> => ({
  responders: known(interfaces.map((one): Responder => ({ interface: one, shelf: 0, slot: 1, config: "" }))),
});
const silent: Partial<HostFacts> = { responders: known([]), aoeDevices: known([]) };
const knownBut = (row: UnreadRow): HostFacts["responders"] => ({ state: "known", value: [], unread: [row] });
const deaf: Partial<HostFacts> = { responders: { state: "absent" } };
/** The same look, at another time. */
const at = (time: number, view: HostView): HostView =>
  view.state === "Reachable" ? { ...view, snapshot: { ...view.snapshot, time } } : view;
const stranger = "00:16:3e:00:00:99";

const look = (rest: Partial<VolumeObservation> = {}, given: Partial<HostFacts> = free, spec: object = {}) =>
  decision(ensureAddress(volume({ server: server(given), ...rest }, spec)));
const own = { conditions: ["Conflicted False NoConflict: No other export uses the address or the backing"], steps: [] };
const its = { ...own, proceed: true };
const conflict = (reason: string, message: string) => ({
  conditions: ["Conflicted True", "Exported False", "Attached False"].map((one) => `${one} ${reason}: ${message}`),
  ...{ steps: [], proceed: false },
});
const undeclared = (message: string) => conflict("UndeclaredResponder", message);
const leave = "find that server and stop its export, or choose another shelf and slot";

describe("the address of a volume", () => {
  it("is nothing to be said of while its server cannot be asked", () => {
    expect(look({ server: { state: "NotFound", name: "san1" } })).toEqual({
      ...{ conditions: [], steps: [], proceed: false },
    });
  });

  it.each([
    ["Address", "e0.1 on segment default", "DuplicateAddress", "choose another shelf and slot"],
    ["Backing", "/srv/vm.img", "DuplicateBacking", "choose another backing"],
  ] as const)("belongs to an older volume that wants the same %s", (over, what, reason, advice) => {
    expect(look({ rival: { volume: "san/old", over, what } })).toEqual(
      conflict(reason, `${what} is used by the older AoeVolume san/old: ${advice}, or delete that volume`),
    );
  });

  it("is unknown where the server did not report its exports", () => {
    const message = "AoeServer san1 did not report its exports: ps failed";
    expect(look({}, { ...free, exports: { state: "unknown", why: "ps failed" } })).toEqual({
      conditions: ["Conflicted", "Exported", "Attached"].map((type) => `${type} Unknown FactsUnknown: ${message}`),
      ...{ steps: [], proceed: false },
    });
  });
});

describe("the exports of its server", () => {
  const stop = "or stop that export and remove its configuration";
  const byHand = "an export that xensan did not make";
  it.each<[string, Partial<Export>, string, string]>([
    [
      "at its address",
      {},
      "AddressTaken",
      `e0.1 is already served by ${byHand} (e0.1 on eth1, /srv/other.img, vblade@old): choose another shelf and slot, ${stop}`,
    ],
    [
      "at its address, of another volume",
      { owner: "san/old 9", persistence: "Inittab", instance: "xa1" },
      "AddressTaken",
      `e0.1 is already served by the export of AoeVolume san/old (e0.1 on eth1, /srv/other.img, inittab id xa1): choose another shelf and slot, ${stop}`,
    ],
    [
      "at its address on an interface that nobody lists",
      { interface: "eth7", instance: "" },
      "AddressTaken",
      `e0.1 is already served by ${byHand} (e0.1 on eth7, /srv/other.img): choose another shelf and slot, ${stop}`,
    ],
    [
      "of its backing at another address",
      { slot: 5, backing: "/srv/vm.img", backingIdentity: "" },
      "BackingExported",
      `/srv/vm.img is already served by ${byHand} (e0.5 on eth1, /srv/vm.img, vblade@old): choose another backing, ${stop}`,
    ],
    [
      "of its backing under another name",
      { slot: 5, backing: "/srv/link.img", backingIdentity: "file:1:2" },
      "BackingExported",
      `/srv/vm.img is already served by ${byHand} (e0.5 on eth1, /srv/link.img, vblade@old): choose another backing, ${stop}`,
    ],
    [
      "of both, made for a volume that is gone",
      { owner: "san/old 9", backing: "/srv/vm.img" },
      "AddressTaken",
      `e0.1 is already served by the export of AoeVolume san/old (e0.1 on eth1, /srv/vm.img, vblade@old): choose another shelf and slot, ${stop}`,
    ],
    [
      "of both on another interface",
      { interface: "eth7", backing: "/srv/vm.img" },
      "AddressTaken",
      `e0.1 is already served by ${byHand} (e0.1 on eth7, /srv/vm.img, vblade@old): choose another shelf and slot, ${stop}`,
    ],
  ])("%s keep it from being served", (_where, change, reason, message) => {
    expect(look({}, { ...free, exports: known([{ ...foreign, ...change }]) })).toEqual(conflict(reason, message));
  });

  it.each<[string, Partial<Export>]>([
    ["of this volume", served],
    ["of this volume before it was restored from a backup", { ...served, owner: "san/vm 99" }],
    ["made by hand as this volume wants it, which is adopted", { ...served, owner: "" }],
    ["of other bytes elsewhere", { slot: 5 }],
  ])("%s are no conflict", (_whose, change) => {
    expect(look({}, { ...free, exports: known([{ ...foreign, ...change }]) })).toEqual(its);
  });

  it("at its address on another segment are no conflict", () => {
    const spec = { interfaces: [{ name: "eth1" }, { name: "eth7", segment: "b" }] };
    const observed = server({ ...free, exports: known([{ ...foreign, interface: "eth7" }]) });
    if (observed.state !== "Found") throw new Error("it is found");
    const interfaces = spec.interfaces.map(({ name, segment = "default" }) => ({ name, segment }));
    expect(look({ server: { ...observed, spec: { ...observed.spec, interfaces } } })).toEqual(its);
  });
});

describe("what is heard on the wire", () => {
  const serving = { ...free, exports: known([served]) };

  it("by the server is never itself", () => {
    expect(look({}, { ...serving, ...heard("eth1") })).toEqual(
      undeclared(`AoeServer san1 sees another server answer for e0.1: ${leave}`),
    );
  });

  it("by the server counts on the volume's segment, where its own export answers on its other interfaces", () => {
    const wide = (heardOn: readonly string[], exported: readonly Export[] = []) => {
      const interfaces = [...[{ name: "eth1" }, { name: "eth2" }], { name: "eth3", segment: "other" }];
      const spec = aoeServerSpecSchema.parse({ ssh, interfaces, allowedBackings: ["/srv/*"] });
      return look({ server: server({ ...free, ...heard(...heardOn), exports: known(exported) }, { spec }) });
    };
    const other = undeclared(`AoeServer san1 sees another server answer for e0.1: ${leave}`);
    expect(wide(["eth3"])).toEqual(its);
    expect(wide(["eth2"])).toEqual(other);
    expect(wide(["eth2"], [served])).toEqual(its);
    expect(wide(["eth2", "eth2"], [served])).toEqual(other);
    expect(wide(["eth1"], [served])).toEqual(other);
  });

  it.each<[string, Partial<HostFacts>, string]>([
    ["", { ...heard("eth1"), aoeDevices: known([]) }, ""],
    ["with a device", { ...heard("eth1"), ...seen({ macs: [stranger] }) }, ` from ${stranger}`],
    ["from this server's card, which runs nothing", { ...heard("eth1"), ...seen() }, ` from ${mac}`],
  ])("by a client while nothing is served is somebody else %s", (_how, given, from) => {
    expect(look({ clients: [client(given)] })).toEqual(
      undeclared(`XenHost bella sees an undeclared export answer for e0.1 on eth1${from}: ${leave}`),
    );
  });

  it("by a client after the server was looked at may be an export of ours that began in between", () => {
    const message = "Waiting for another probe of AoeServer san1, because XenHost bella sees a server answer for e0.1";
    const later = client(heard("eth1"));
    const clients = [later.state === "Found" ? { ...later, view: at(5, later.view) } : later];
    expect(look({ clients })).toEqual({
      conditions: ["Conflicted", "Exported", "Attached"].map((type) => `${type} Unknown Pending: ${message}`),
      ...{ steps: [], proceed: false, askServer: true },
    });
  });

  it("by a client before the server was looked at may be an export of ours that has died since, from the same card", () => {
    const one = {
      server: server(free, { view: at(5, reachable(free)) }),
      clients: [client({ ...heard("eth1"), ...seen() })],
    };
    const recorded = (address: string) => ({
      recorded: { server: { interface: "eth1", backing: "/srv/vm.img", run: "1", mac: address } },
    });
    expect(look({ ...one, ...recorded(mac) })).toEqual(its);
    expect(look({ ...one, ...recorded(stranger) })).toMatchObject({ proceed: false });
    expect(look({ ...one, server: server(free), ...recorded(mac) })).toMatchObject({ proceed: false });
  });

  it("by a client while ours is being started is ours, unless its device says otherwise", () => {
    const starting = (given: Partial<HostFacts>) =>
      look({ busy: true, clients: [client({ ...heard("eth1"), ...given })] });
    expect(starting({ aoeDevices: known([]) })).toEqual(its);
    expect(starting(seen())).toEqual(its);
    expect(starting(seen({ macs: [stranger] }))).toEqual(
      undeclared(`XenHost bella sees an undeclared export answer for e0.1 on eth1 from ${stranger}: ${leave}`),
    );
  });

  it("by a client from the card of a vblade of ours that serves where it began is ours", () => {
    const edited: Export = { ...served, slot: 8, runningDiffers: true };
    const clients = [client({ ...heard("eth1"), ...seen() })];
    expect(look({ clients }, { ...free, exports: known([edited]) })).toEqual(its);
    expect(look({ clients }, { ...free, exports: known([{ ...edited, runningDiffers: false }]) })).toMatchObject({
      proceed: false,
    });
    const others = [client({ ...heard("eth1"), ...seen({ macs: [mac, stranger] }) })];
    expect(look({ clients: others }, { ...free, exports: known([edited]) })).toMatchObject({ proceed: false });
  });

  it("by a client of what is served is one answer", () => {
    expect(look({ clients: [client({ ...heard("eth1"), ...seen() })] }, serving)).toEqual(its);
    expect(look({ clients: [client({ ...heard("eth1", "eth1"), ...seen() })] }, serving)).toEqual(
      undeclared(
        "XenHost bella sees 2 servers answer for e0.1 on eth1: unmount e0.1 everywhere, then find and stop the other export",
      ),
    );
    // The same server behind two cards of the client.
    expect(look({ clients: [client({ ...heard("eth1", "eth2"), ...seen() })] }, serving)).toEqual(its);
  });

  it("counts only from a client that was looked at lately and is not the server itself", () => {
    const given = heard("eth1");
    for (const rest of [{ fresh: false }, { isServer: true }, { view: unreachable }])
      expect(look({ clients: [client(given, { listed: false, ...rest })] })).toEqual(its);
    expect(look({ clients: [{ name: "bella", listed: true, state: "NotFound", heard: undefined }] })).toEqual(its);
  });

  it("shows without aoecfg by whom a client uses", () => {
    const uses = (rest: Parameters<typeof seen>[0]) =>
      look({ clients: [client({ ...deaf, ...seen({ users: ["mount /srv/xen"], ...rest }) }, { listed: false })] });
    expect(uses({ macs: [stranger] })).toEqual(
      undeclared(
        `XenHost bella uses e0.1 from ${stranger} (mount /srv/xen), which is not this server: release e0.1 on that host, then stop that export, or choose another shelf and slot`,
      ),
    );
    for (const rest of [
      { macs: [mac] },
      { macs: [stranger], up: false },
      { macs: [stranger], users: [] },
      { macs: [] },
    ])
      expect(uses(rest)).toEqual(its);
    // A device that is served from elsewhere and in use is the client's problem.
    const clients = [client({ ...deaf, ...seen({ users: ["mount /srv/xen"], macs: [stranger] }) })];
    expect(look({ clients }, serving)).toEqual(its);
  });

  it("shows without aoecfg as two paths of a device", () => {
    const both = seen({ macs: [mac, stranger] });
    expect(look({ clients: [client({ ...deaf, ...both })] }, serving)).toEqual(
      undeclared(
        `XenHost bella sees two servers for e0.1: this one and ${stranger}: unmount e0.1 everywhere, then find and stop the other export`,
      ),
    );
    expect(look({ clients: [client({ ...deaf, ...seen() })] }, serving)).toEqual(its);
    // Where a client asked and heard one server, the other path is a remembered one of a dead server.
    expect(look({ clients: [client({ ...heard("eth1"), ...both })] }, serving)).toEqual(its);
  });
});

describe("a first start", () => {
  const alone = { ...free, ...deaf };
  const waits = (why: string) => {
    const message = `Waiting for a client to check whether another server answers for e0.1: ${why}`;
    return {
      conditions: [
        `Conflicted Unknown AddressUnverified: ${message}`,
        `Exported False AddressUnverified: ${message}`,
        "Attached False NotExported: The volume is not exported yet",
      ],
      ...{ steps: [], proceed: false },
    };
  };

  it("waits until a client has listened", () => {
    expect(look({ clients: [client(silent)] }, alone)).toEqual(its);
  });

  it("waits for a client also where the server has it: the driver of a client finds what aoecfg does not hear", () => {
    expect(look({ clients: [client({ ...silent, ...deaf })] })).toEqual(
      waits("XenHost bella cannot check the segment yet (aoecfg is not installed)"),
    );
    expect(look({ clients: [client(silent, { listed: false })] })).toEqual(its);
  });

  it.each<[string, Parameters<typeof client>]>([
    ["XenHost bella cannot be reached (Unreachable)", [silent, { view: unreachable }]],
    ["XenHost bella has not been probed yet", [silent, { fresh: false }]],
    ["XenHost bella has not been probed yet", [silent, { view: { state: "Pending" } }]],
    ["XenHost bella cannot check the segment yet (aoecfg is not installed)", [{ ...silent, ...deaf }]],
    [
      "XenHost bella cannot check the segment yet (aoecfg failed)",
      [{ ...silent, responders: { state: "unknown", why: "aoecfg failed" } }],
    ],
    [
      'XenHost bella cannot check the segment yet (a row could not be read (aoecfg heard too much): "eth1")',
      [{ ...silent, responders: knownBut({ why: "aoecfg heard too much", row: "eth1" }) }],
    ],
    [
      "XenHost bella receives no AoE frames (network interface eth1 has no carrier: check the cable and the switch)",
      [{ ...silent, interfaces: known([{ ...card, carrier: false }]) }],
    ],
  ])("waits where %s", (why, given) => {
    expect(look({ clients: [client(...given)] }, alone)).toEqual(waits(why));
  });

  it.each<[string, VolumeObservation["clients"]]>([
    ["has no client", []],
    ["has none that may listen", [client(silent, { listed: false }), client(silent, { isServer: true })]],
  ])("says what is missing where the volume %s", (_what, clients) => {
    expect(look({ clients }, alone)).toEqual(
      waits(
        "AoeServer san1 has no aoecfg and the volume lists no client: install aoetools on that host, or add a XenHost on segment default to spec.clientRefs",
      ),
    );
  });

  it("says why a server that has it did not listen", () => {
    const add = "and the volume lists no client: add a XenHost on segment default to spec.clientRefs";
    const down: HostFacts["responders"] = { state: "unknown", why: "eth2: Network is down" };
    expect(look({}, { ...free, responders: down })).toEqual(
      waits(`AoeServer san1 cannot check the segment (eth2: Network is down) ${add}`),
    );
    expect(look({}, { ...free, interfaces: known([{ ...card, carrier: false }]) })).toEqual(
      waits(
        `AoeServer san1 cannot check the segment (network interface eth1 has no carrier: check the cable and the switch) ${add}`,
      ),
    );
  });

  it("asks a server only for its interfaces on the segment of the volume", () => {
    const cut = { why: "aoecfg heard more than 1024 answers or 262144 bytes", row: "eth2" };
    const two = [{ name: "eth1" }, { name: "eth2", segment: "other" }];
    const spec = aoeServerSpecSchema.parse({ ssh, interfaces: two, allowedBackings: ["/srv/*"] });
    const cards = known([card, { ...card, name: "eth2" }]);
    const heard = { ...free, interfaces: cards, responders: knownBut(cut) };
    expect(look({ server: server(heard, { spec }) }, heard)).toEqual(its);
    const own = { ...heard, responders: knownBut({ ...cut, row: "eth1" }) };
    expect(look({ server: server(own, { spec }) }, own)).toEqual(
      waits(
        'AoeServer san1 cannot check the segment (a row could not be read (aoecfg heard more than 1024 answers or 262144 bytes): "eth1") and the volume lists no client: add a XenHost on segment default to spec.clientRefs',
      ),
    );
  });

  it("waits for nobody where only one of the answers is odd", () => {
    const responders = knownBut({ why: "it has no target", row: "eth1 odd " });
    expect(look({ clients: [client({ ...silent, responders })] }, alone)).toEqual(its);
  });

  it("waits for nobody where it already serves", () => {
    expect(look({}, { ...alone, exports: known([served]) })).toEqual(its);
    expect(look({}, { ...alone, exports: known([{ ...served, interface: "eth7" }]) })).toEqual(its);
  });
});
