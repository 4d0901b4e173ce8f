import { describe, expect, it } from "vitest";
import { draftRack } from "../../../../src/cli/import/rack.ts";
import { parseClusterFile } from "../../../../src/sim/model/cluster-conf.ts";
import { looked, self } from "./probes.ts";

const node = (number: number, name: string, address: string, cluster = "ocfs2", indent = "\t") =>
  `node:\n${indent}ip_port = 7777\n${indent}ip_address = ${address}\n${indent}number = ${number}\n${indent}name = ${name}\n${indent}cluster = ${cluster}\n\n`;
const cluster = (name = "ocfs2", rest = "\tnode_count = 2\n") => `cluster:\n${rest}\tname = ${name}\n\n`;
const two = node(0, "bella", "10.0.0.2") + node(1, "brutus", "10.0.0.3");
const both = ["0 bella 10.0.0.2", "1 brutus 10.0.0.3"];
const conf = "/etc/ocfs2/cluster.conf";
const region = "ABCDEF0123456789ABCDEF0123456789";

/** Shapes of cluster.conf from guides, tools and bug reports, with the declared nodes and the named gaps. */
const shapes: readonly (readonly [string, string, readonly string[] | undefined, readonly string[]])[] = [
  ["tabs, the nodes first, as ocfs2console writes it", two + cluster(), both, []],
  [
    "the cluster first, as o2cb writes it",
    cluster("ocfs2", "\theartbeat_mode = local\n\tnode_count = 2\n") + two,
    both,
    [],
  ],
  ["blanks for tabs", two.replaceAll("\t", "        ") + cluster().replaceAll("\t", "  "), both, []],
  ["no blanks around =", (two + cluster()).replaceAll(" = ", "="), both, []],
  ["blanks at the ends of lines", (two + cluster()).replaceAll("\n", "  \n").replaceAll("\n  \n", "\n\n"), both, []],
  ["comments between the stanzas", `# two servers\n${two}# and the cluster\n${cluster()}`, both, []],
  ["no blank line between the stanzas", (two + cluster()).replaceAll("\n\n", "\n"), both, []],
  [
    "names in capitals",
    two.replace("bella", "Bella").replace("brutus", "BRUTUS") + cluster(),
    both,
    [
      'node 0 is called "Bella", and xensan would write "bella" to cluster.conf: O2CB compares names without case',
      'node 1 is called "BRUTUS", and xensan would write "brutus" to cluster.conf: O2CB compares names without case',
    ],
  ],
  [
    "whole names of hosts",
    two.replace("bella", "bella.example.org") + cluster(),
    both,
    [
      'node 0 is called "bella.example.org", and would be "bella", the short name of its XenHost: change it on every node first',
    ],
  ],
  ["another port", (two + cluster()).replaceAll("7777", "7778"), both.map((line) => `${line}:7778`), []],
  [
    "numbers that begin at 1",
    two.replace("number = 1", "number = 2").replace("number = 0", "number = 1") + cluster(),
    ["1 bella 10.0.0.2", "2 brutus 10.0.0.3"],
    [],
  ],
  [
    "nodes in the order of their names, not numbers",
    node(1, "bella", "10.0.0.2") + node(0, "brutus", "10.0.0.3") + cluster(),
    ["0 brutus 10.0.0.3", "1 bella 10.0.0.2"],
    [],
  ],
  ["a node_count that does not count", two + cluster("ocfs2", "\tnode_count = 7\n"), both, []],
  [
    "a node that was not probed",
    two + node(2, "caesar", "10.0.0.4") + cluster(),
    [...both, "2 caesar 10.0.0.4"],
    ['node 2 is "caesar", which is not one of the probed hosts: add it with --host'],
  ],
  [
    "two clusters",
    two + cluster() + node(0, "bella", "10.0.0.2", "web") + cluster("web"),
    both,
    [`${conf} of bella: the cluster "web": a host is in only one cluster, and this host is in ocfs2`],
  ],
  [
    "a node of no cluster",
    two + node(5, "old", "10.0.0.9", "former") + cluster(),
    both,
    [`${conf} of bella: node 5 "old": its cluster is not in the file`],
  ],
  [
    "a heartbeat of a file system that is not there",
    `${two}${cluster("ocfs2", "\theartbeat_mode = global\n\tnode_count = 2\n")}heartbeat:\n\tcluster = ocfs2\n\tregion = ${region}\n`,
    both,
    [`${conf} of bella: the heartbeat on ${region}: no file system with this UUID was found`],
  ],
  [
    "a heartbeat in local mode",
    `${two}${cluster()}heartbeat:\n\tregion = ${region}\n\tcluster = ocfs2\n`,
    both,
    [`${conf} of bella: the heartbeat on ${region}: heartbeat_mode is local, so it is not written`],
  ],
  [
    "no node_count",
    two + cluster("ocfs2", ""),
    undefined,
    [`bella: ${conf} cannot be read: a cluster has no node_count`],
  ],
  [
    "attributes that are not indented",
    (two + cluster()).replaceAll("\t", ""),
    undefined,
    [`bella: ${conf} cannot be read: line 2 is not valid in a cluster.conf`],
  ],
  [
    "a comment behind a value",
    two + cluster("ocfs2", "\tnode_count = 2 # two\n"),
    undefined,
    [`bella: ${conf} cannot be read: a cluster has no node_count`],
  ],
  [
    "lines of Windows",
    (two + cluster()).replaceAll("\n", "\r\n"),
    undefined,
    [`bella: ${conf} cannot be read: line 1 is not valid in a cluster.conf`],
  ],
];

/** What the probe prints of it. */
function rowsOf(text: string): string {
  const file = parseClusterFile(text);
  if (typeof file === "string") return `o2cb conf Unreadable ${file.replaceAll(" ", "~")}\n`;
  return [
    "conf Readable -",
    ...file.clusters.map((one) => `conf-cluster ${one.name} ${one.heartbeatMode.toLowerCase()}`),
    ...file.nodes.map((one) => `conf-node ${one.cluster} ${one.number} ${one.name} ${one.address} ${one.port}`),
    ...file.regions.map((one) => `conf-heartbeat ${one.cluster} ${one.region}`),
  ]
    .map((row) => `o2cb ${row}\n`)
    .join("");
}

const more =
  "o2cb kernel Module\no2cb loaded no\no2cb boot-order no\no2cb sysctl panic_on_oops 1 yes\no2cb sysctl panic 30 yes\n";

/** Both hosts have the file; the messages about bella apply to brutus, too. */
function imported(text: string) {
  const rows = `${rowsOf(text)}${more}`;
  const dom0s = ["bella", "brutus"].map((name, index) => looked(`10.0.0.${index + 2}`, `${self(name)}${rows}`));
  const drafts = draftRack({ sans: [], dom0s }, "rack-ssh").filter(({ kind }) => kind === "Ocfs2Cluster");
  const nodes = drafts.map(({ spec }) => spec?.nodes).find((list) => list !== undefined);
  const lines = drafts.flatMap(({ notImported }) => notImported);
  return {
    nodes: nodes && JSON.stringify(nodes),
    lost: lines
      .map((line) => line.replace(/^Ocfs2Cluster ocfs2: /, ""))
      .filter((line) => !/^(\S+ of )?brutus: /.test(line)),
  };
}

const spelled = (lines: readonly string[]) =>
  JSON.stringify(
    lines.map((line) => {
      const [, number = "", name = "", address = "", port] = /^(\d+) (\S+) ([0-9.]+)(?::(\d+))?$/.exec(line) ?? [];
      return {
        ...{ number: Number(number), hostRef: { name }, address },
        ...(port === undefined ? {} : { port: Number(port) }),
      };
    }),
  );

describe("a cluster.conf in the shapes that people publish", () => {
  it.each(shapes)("says its nodes, and by line what cannot be declared: %s", (_what, text, nodes, lost) => {
    expect(imported(text)).toEqual({ nodes: nodes && spelled(nodes), lost });
  });

  it("has addresses that O2CB knows: IPv4", () => {
    const { nodes, lost } = imported(two.replace("10.0.0.3", "fd00::3") + cluster());
    expect(nodes).toBeUndefined();
    expect(lost).toEqual(['spec.nodes[1].address is "fd00::3": must be an IPv4 address, like 192.168.0.1']);
  });
});
