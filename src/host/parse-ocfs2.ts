import { uuid } from "./identities.ts";
import type {
  ActiveCluster,
  FormatRecord,
  KernelSetting,
  KernelTrouble,
  MountPointFact,
  O2cb,
  O2cbBoot,
  O2cbConfiguration,
  O2cbNode,
  O2cbTimeouts,
  Ocfs2Superblock,
  SharedDevice,
} from "./ocfs2-facts.ts";
import type { Rows } from "./probe-sections.ts";
import {
  each,
  field,
  grouped,
  int32,
  integer,
  type Lost,
  once,
  oneOf,
  plain,
  Unparseable,
  wholeNumber,
} from "./rows.ts";

type Row = readonly string[];

/** Section `o2cb` of the probe: the cluster in the kernel, in cluster.conf and at boot, with heartbeat regions. */
export function parseO2cb(rows: Rows, lost: Lost): O2cb {
  const byKind = grouped(rows);
  const active = parseActive(byKind, lost);
  return {
    kernel: oneOf(
      field(only(byKind("kernel"), "kernel"), 1, "a kernel"),
      ["Module", "BuiltIn", "Missing", "Unknown"],
      "kernel",
    ),
    loaded: yes(only(byKind("loaded"), "loaded"), 1, "loaded"),
    configuration: parseConfiguration(byKind, lost),
    boot: each(byKind("boot").slice(0, 1), lost, parseBoot)[0],
    bootOrder: yes(only(byKind("boot-order"), "boot-order"), 1, "boot-order"),
    panicOnOops: setting(byKind("sysctl"), lost, "panic_on_oops"),
    panic: setting(byKind("sysctl"), lost, "panic"),
    active,
    ...(active === undefined && byKind("active").length > 0 ? { activeUnreadable: true } : {}),
  };
}

function parseBoot(row: Row): O2cbBoot {
  return {
    enabled: oneOf(field(row, 1, "enabled"), ["true", "false"], "enabled") === "true",
    cluster: textOrNone(row, 2, "a cluster"),
    timeouts: {
      heartbeatThreshold: numberOrNone(row, 3, "the threshold"),
      idleMilliseconds: numberOrNone(row, 4, "the idle timeout"),
      keepaliveMilliseconds: numberOrNone(row, 5, "the keepalive delay"),
      reconnectMilliseconds: numberOrNone(row, 6, "the reconnect delay"),
    },
  };
}

function parseConfiguration(byKind: (kind: string) => Rows, lost: Lost): O2cbConfiguration | undefined {
  const row = only(byKind("conf"), "conf");
  const state = oneOf(field(row, 1, "a state"), ["Missing", "Readable", "Unreadable"], "the state of cluster.conf");
  if (state === "Missing") return undefined;
  if (state === "Unreadable") return { state, why: plain(field(row, 2, "a reason")) };
  return {
    state,
    owner: textOrNone(row, 2, "an owner"),
    clusters: each(byKind("conf-cluster"), lost, (cluster) => ({
      name: plain(field(cluster, 1, "a name")),
      heartbeatMode: heartbeatMode(cluster, 2),
    })),
    nodes: each(byKind("conf-node"), lost, (node) => ({
      cluster: plain(field(node, 1, "a cluster")),
      ...parseNode(node, 2),
    })),
    regions: each(byKind("conf-heartbeat"), lost, (region) => ({
      cluster: plain(field(region, 1, "a cluster")),
      region: plain(field(region, 2, "a region")),
    })),
  };
}

function parseActive(byKind: (kind: string) => Rows, lost: Lost): ActiveCluster | undefined {
  return each(byKind("active").slice(0, 1), lost, (row) => ({
    name: plain(field(row, 1, "a name")),
    ...parseTimeouts(row, 2),
    fenceMethod:
      oneOf(field(row, 6, "a fence method"), ["reset", "panic"], "the fence method") === "panic"
        ? ("Panic" as const)
        : ("Reset" as const),
    heartbeatMode: heartbeatMode(row, 7),
    nodes: each(byKind("active-node"), lost, (node) => ({
      ...parseNode(node, 1),
      local: oneOf(field(node, 5, "local"), ["0", "1"], "local") === "1",
    })),
    regions: each(byKind("region"), lost, (region) => ({
      uuid: plain(field(region, 1, "a UUID")),
      device: textOrNone(region, 2, "a device"),
    })),
    liveNodes: nodeNumbers(byKind("live"), lost),
    connectedNodes: nodeNumbers(byKind("connected"), lost),
  }))[0];
}

function parseTimeouts(row: Row, at: number): O2cbTimeouts {
  return {
    heartbeatThreshold: wholeNumber(row, at, "the threshold"),
    idleMilliseconds: wholeNumber(row, at + 1, "the idle timeout"),
    keepaliveMilliseconds: wholeNumber(row, at + 2, "the keepalive delay"),
    reconnectMilliseconds: wholeNumber(row, at + 3, "the reconnect delay"),
  };
}

/** NUMBER NAME ADDRESS PORT */
function parseNode(row: Row, at: number): O2cbNode {
  return {
    number: int32(row, at, "a node number"),
    name: plain(field(row, at + 1, "a node name")),
    address: plain(field(row, at + 2, "an address")),
    port: int32(row, at + 3, "a port"),
  };
}

/** The rows by the path that they are about: an unreadable row affects only its own path. */
function byPath(rows: Rows, lost: Lost): ReadonlyMap<string, Rows> {
  const paths = each(rows, lost, (row) => ({ path: field(row, 1, "a path"), row }));
  return new Map(
    [...Map.groupBy(paths, ({ path }) => path)].map(([path, found]) => [path, found.map(({ row }) => row)]),
  );
}

/** Section `filesystems` of the probe: superblock, heartbeats and signature of each requested device. */
export function parseSharedDevices(rows: Rows, lost: Lost): SharedDevice[] {
  const about = byPath(rows, lost);
  return each(once(grouped(rows)("device"), lost, 1), lost, (row) => {
    const path = field(row, 1, "a path");
    const of = grouped(about.get(path) ?? []);
    const superblock = of("ocfs2")[0];
    return {
      path: plain(path),
      content: oneOf(
        field(row, 2, "a content"),
        ["Blank", "Data", "Signature", "Ocfs2", "Missing", "Unreadable"],
        "the content",
      ),
      signature: textOrNone(row, 3, "a signature"),
      sizeBytes: wholeNumber(row, 4, "the size"),
      superblock: superblock === undefined ? undefined : parseSuperblock(superblock),
      heartbeats: of("beat").map((beat) => ({
        node: int32(beat, 2, "a node number"),
        sequence: field(beat, 3, "a sequence number"),
      })),
      slots: of("slot").map((slot) => ({
        slot: int32(slot, 2, "a slot"),
        node: int32(slot, 3, "a node number"),
      })),
      mounts: of("mounted").map((mount) => ({
        mountPoint: plain(field(mount, 2, "a mount point")),
        access: oneOf(field(mount, 3, "the access"), ["rw", "ro"], "the access") === "rw" ? "ReadWrite" : "ReadOnly",
        options: list(mount, 4, "options"),
      })),
    };
  });
}

function parseSuperblock(row: Row): Ocfs2Superblock {
  return {
    uuid: uuid(row, 2),
    label: textOrNone(row, 3, "a label"),
    stack: textOrNone(row, 4, "a stack"),
    cluster: textOrNone(row, 5, "a cluster"),
    globalHeartbeat: heartbeatMode(row, 6) === "Global",
    nodeSlots: int32(row, 7, "the node slots"),
    sizeBytes: wholeNumber(row, 8, "the size"),
    blockSize: wholeNumber(row, 9, "the block size"),
    clusterSize: wholeNumber(row, 10, "the cluster size"),
  };
}

/** Section `mount-points` of the probe: what is mounted on each requested directory, and its entry in fstab. */
export function parseMountPoints(rows: Rows, lost: Lost): MountPointFact[] {
  const about = byPath(rows, lost);
  return each(once(grouped(rows)("point"), lost, 1), lost, (row) => {
    const path = field(row, 1, "a path");
    const entry = about.get(path)?.find(([kind]) => kind === "entry");
    return {
      path: plain(path),
      kind: oneOf(field(row, 2, "a kind"), ["Missing", "Directory", "Symlink", "Other"], "the kind"),
      empty: yesOrNone(row, 3, "empty"),
      immutable: yesOrNone(row, 4, "immutable"),
      persisted:
        entry === undefined
          ? undefined
          : {
              source: plain(field(entry, 2, "a source")),
              options: list(entry, 3, "options"),
              owner: textOrNone(entry, 4, "an owner"),
            },
    };
  });
}

/** Section `formats` of the probe: the records of mkfs.ocfs2 runs that xensan started. */
export function parseFormats(rows: Rows, lost: Lost): FormatRecord[] {
  return each(rows, lost, (row) => ({
    uuid: uuid(row, 0),
    device: plain(field(row, 1, "a device")),
    state: oneOf(field(row, 2, "a state"), ["Running", "Interrupted", "Done"], "the state"),
    owner: textOrNone(row, 3, "an owner"),
  }));
}

/** Section `kernel-log` of the probe: I/O errors, OCFS2 errors, lost connections and fencing since boot. */
export function parseKernelTroubles(rows: Rows, lost: Lost): KernelTrouble[] {
  return each(rows, lost, (row) => ({
    kind: oneOf(
      field(row, 0, "a kind"),
      ["IoError", "Ocfs2Error", "Heartbeat", "Network", "Fencing"],
      "the kind of trouble",
    ),
    subject: textOrNone(row, 1, "a subject"),
    count: wholeNumber(row, 2, "the count"),
    seconds: wholeNumber(row, 3, "the uptime"),
    message: plain(field(row, 4, "a message")),
  }));
}

function only(rows: Rows, what: string): Row {
  const [row] = rows;
  if (row === undefined) throw new Unparseable(`no ${what}`);
  return row;
}

function setting(rows: Rows, lost: Lost, name: string): KernelSetting | undefined {
  const found = rows.filter((row) => row[1] === name).slice(0, 1);
  return each(found, lost, (row) => ({ now: integer(row, 2, name), persisted: yes(row, 3, name) }))[0];
}

function heartbeatMode(row: Row, at: number): "Local" | "Global" {
  return oneOf(field(row, at, "a heartbeat mode"), ["local", "global"], "the heartbeat mode") === "global"
    ? "Global"
    : "Local";
}

function textOrNone(row: Row, at: number, what: string): string {
  const text = field(row, at, what);
  return text === "-" ? "" : plain(text);
}

function numberOrNone(row: Row, at: number, what: string): number | undefined {
  return field(row, at, what) === "-" ? undefined : wholeNumber(row, at, what);
}

function yes(row: Row, at: number, what: string): boolean {
  return oneOf(field(row, at, what), ["yes", "no"], what) === "yes";
}

function yesOrNone(row: Row, at: number, what: string): boolean | undefined {
  return field(row, at, what) === "-" ? undefined : yes(row, at, what);
}

function list(row: Row, at: number, what: string): string[] {
  const text = textOrNone(row, at, what);
  return text === "" ? [] : text.split(",");
}

/** `0,1`, `-` for none; undefined without a row. */
function nodeNumbers([row]: Rows, lost: Lost): number[] | undefined {
  if (row === undefined) return undefined;
  return each([row], lost, () =>
    list(row, 1, "node numbers").map((_text, index, all) => int32(all, index, "a node number")),
  )[0];
}
