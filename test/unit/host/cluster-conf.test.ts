import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ClusterFile, parseClusterFile } from "../../../src/sim/model/cluster-conf.ts";

const cluster = "cluster:\n\tnode_count = 1\n\tname = ocfs2\n";
const node = "node:\n\tip_port = 7777\n\tip_address = 10.0.0.5\n\tnumber = 0\n\tname = n1\n\tcluster = ocfs2\n";
const one = ["conf-cluster ocfs2 local", "conf-node ocfs2 0 n1 10.0.0.5 7777"];
const region = "ABCDEF0123456789ABCDEF0123456789";

/** Handwritten files, and the output of `o2cb --config-file=FILE list-cluster` of ocfs2-tools 1.8.7 for each. */
const readable: readonly (readonly [what: string, text: string, rows: readonly string[]])[] = [
  ["no byte", "", []],
  ["a stanza right after another", `${cluster}${node}`, one],
  ["no blank around =", `${cluster}\n${node}`.replaceAll(" = ", "="), one],
  ["no end of its last line", `${cluster}\n${node}`.trimEnd(), one],
  ["blanks at the end of lines and on empty ones", `${cluster.replaceAll("\n", " \n")} \t\n${node}  \n`, one],
  ["blanks for tabs", `${cluster}\n${node}`.replaceAll("\t", "    "), one],
  [
    "a comment in the first column, within a stanza too",
    `# by hand\n${cluster.replace("\tname", "# c\n\tname")}#\n\n${node}`,
    one,
  ],
  [
    "a full name in capitals",
    `${cluster}\n${node.replace("n1", "N1.example.org")}`,
    [one[0] ?? "", "conf-node ocfs2 0 N1.example.org 10.0.0.5 7777"],
  ],
  [
    "a cluster with a hyphen",
    `${cluster}\n${node}`.replaceAll("ocfs2", "docker-reg"),
    one.map((row) => row.replace("ocfs2", "docker-reg")),
  ],
  [
    "two clusters",
    `cluster:\n\tnode_count = 0\n\tname = data\n\n${cluster}\n${node}`,
    ["conf-cluster data local", ...one],
  ],
  [
    "a global heartbeat in capitals",
    `${cluster}\theartbeat_mode = GLOBAL\n\nheartbeat:\n\tregion = ${region}\n\tcluster = ocfs2\n`,
    ["conf-cluster ocfs2 global", `conf-heartbeat ocfs2 ${region}`],
  ],
  ["an attribute and a stanza that nobody knows", `${cluster}\tx2 = 1\n\nOther_2:\n\tx = y\n`, one.slice(0, 1)],
  [
    "an attribute twice: the last counts",
    `cluster:\n\tname = web\n\tnode_count = 1\n\tname = ocfs2\n`,
    one.slice(0, 1),
  ],
  ["a # within a value", cluster.replace("ocfs2", "ocfs2#x"), ["conf-cluster ocfs2#x local"]],
];

const stray = (line: number) => `line ${line} is not valid in a cluster.conf`;
const outside = (line: number) => `line ${line} is outside of a stanza`;
const noCount = "a cluster has no node_count";
const unreadable: readonly (readonly [what: string, text: string, why: string])[] = [
  ["a byte order mark", `\uFEFF${cluster}`, stray(1)],
  ["lines of Windows", `${cluster}\n${node}`.replaceAll("\n", "\r\n"), stray(1)],
  ["an indented stanza", ` ${cluster}`, stray(1)],
  ["attributes that are not indented", `${cluster}\n${node}`.replaceAll("\t", ""), stray(2)],
  ["a comment after a stanza's name", cluster.replace(":", ": # c"), stray(1)],
  ["a blank before the colon", cluster.replace(":", " :"), stray(1)],
  ["an indented comment", cluster.replace("\tname", "\t# c\n\tname"), stray(3)],
  ["an attribute with a hyphen", `${cluster}\tx-y = 1\n`, stray(4)],
  ["an empty line within a stanza", cluster.replace("\tname", "\n\tname"), outside(4)],
  ["an attribute before all stanzas", `\tx = 1\n${cluster}`, outside(1)],
  ["a comment after a value", cluster.replace("= 1", "= 1  # one"), noCount],
  ["no node_count", "cluster:\n\tname = ocfs2\n", noCount],
  ["a hexadecimal node_count", cluster.replace("= 1", "= 0x1"), noCount],
  [
    "a heartbeat that is neither",
    `${cluster}\theartbeat_mode = sideways\n`,
    "the heartbeat_mode of a cluster is neither local nor global",
  ],
  ...["number = 0", "ip_port = 7777", "ip_address = 10.0.0.5", "name = n1"].map(
    (attribute) =>
      [
        `a node without ${attribute}`,
        `${cluster}\n${node.replace(`\t${attribute}\n`, "")}`,
        "a node lacks its number, ip_port, ip_address or name",
      ] as const,
  ),
  ["a heartbeat without a region", `${cluster}\nheartbeat:\n\tcluster = ocfs2\n`, "a heartbeat has no region"],
];

const files = [
  ...readable.map(([what, text, rows]) => ({ what, text, rows: ["conf Readable -", ...rows] })),
  ...unreadable.map(([what, text, why]) => ({ what, text, rows: [`conf Unreadable ${why}`] })),
];

/** cluster_rows of o2cb.sh in this shell. */
function inShell([program = "sh", ...args]: readonly string[]): string[][] {
  const directory = mkdtempSync(join(tmpdir(), "xensan-cluster-conf-"));
  try {
    const script = readFileSync(new URL("../../../src/host/scripts/shared/o2cb.sh", import.meta.url), "utf8");
    for (const [at, { text }] of files.entries()) writeFileSync(join(directory, `${at}`), text);
    const input = `${script}\nfor file do cluster_rows "${directory}/$file"; echo; done\n`;
    const names = [...files.keys()].map(String);
    const ran = spawnSync(program, [...args, "-eu", "-s", ...names], { input, encoding: "utf8" });
    expect({ status: ran.status, stderr: ran.stderr }).toEqual({ status: 0, stderr: "" });
    const answers = ran.stdout.split("\n\n").slice(0, files.length);
    return answers.map((answer) => answer.replaceAll("\t", " ").split("\n"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function onRack(text: string): string[] {
  const file: ClusterFile | string = parseClusterFile(text);
  if (typeof file === "string") return [`conf Unreadable ${file}`];
  return [
    "conf Readable -",
    ...file.clusters.map(({ name, heartbeatMode }) => `conf-cluster ${name} ${heartbeatMode.toLowerCase()}`),
    ...file.nodes.map((one) => `conf-node ${one.cluster} ${one.number} ${one.name} ${one.address} ${one.port}`),
    ...file.regions.map((one) => `conf-heartbeat ${one.cluster} ${one.region}`),
  ];
}

const hosts: readonly (readonly [string, () => string[][]])[] = [
  ["dash", () => inShell(["dash"])],
  ["busybox", () => inShell(["busybox", "sh"])],
  ["the simulated rack", () => files.map(({ text }) => onRack(text))],
];

describe("a cluster.conf of another hand", () => {
  it.each(hosts)("is read by %s as o2cb reads it", (_host, read) => {
    const answers = read();
    expect(files.map(({ what }, at) => ({ what, rows: answers[at]?.toSorted() }))).toEqual(
      files.map(({ what, rows }) => ({ what, rows: rows.toSorted() })),
    );
  });
});
