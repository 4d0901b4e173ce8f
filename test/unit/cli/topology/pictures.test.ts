import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { dotText } from "../../../../src/cli/topology/dot.ts";
import { graphOf } from "../../../../src/cli/topology/graph.ts";
import { htmlPage } from "../../../../src/cli/topology/html.ts";
import { mermaidText } from "../../../../src/cli/topology/mermaid.ts";
import { type TreeLine, topologyOf } from "../../../../src/cli/topology/tree.ts";
import * as w from "../world.ts";

const graph = (rack: w.Rack) => graphOf(topologyOf(w.rack(rack)));
const hostile: TreeLine = {
  kind: "Guest",
  name: 'a"b\\c<script>alert(1)</script>&#]',
  notes: ["two\nlines"],
  children: [],
};

describe("the picture of a rack", () => {
  it("is a Mermaid flowchart in which everything appears once", () => {
    expect(mermaidText(graph({})).split("  classDef")[0]).toMatchInlineSnapshot(`
      "flowchart LR
        n1["✔ san<br>AoeServer<br>192.0.2.1"]:::ready
        n2["✔ data<br>AoeVolume<br>e0.1<br>1 GiB"]:::ready
        n3["✔ xen/data<br>file system<br>/srv/xen"]:::ready
        n4["✔ bella<br>XenHost"]:::ready
        n5["✔ vm-test<br>XenDomain<br>128Mi"]:::ready
        n6["✔ brutus<br>XenHost"]:::ready
        n1 --> n2
        n2 --> n3
        n3 -->|"Mounted"| n4
        n4 --> n5
        n3 -->|"Unmounted"| n6
      "
    `);
  });

  it("is a graph for Graphviz", () => {
    expect(
      dotText(
        graph({ hosts: [w.host("bella"), w.host("brutus", { Ready: w.not("Unreachable", "no route") })] }),
        "san",
      ),
    ).toMatchInlineSnapshot(`
      "digraph "san" {
        rankdir=LR;
        node [shape=box, style="rounded,filled", fontname="sans-serif"];
        n1 [label="✔ san\\nAoeServer\\n192.0.2.1", fillcolor="#d7f0dd"];
        n2 [label="✔ data\\nAoeVolume\\ne0.1\\n1 GiB", fillcolor="#d7f0dd"];
        n3 [label="✔ xen/data\\nfile system\\n/srv/xen", fillcolor="#d7f0dd"];
        n4 [label="✔ bella\\nXenHost", fillcolor="#d7f0dd"];
        n5 [label="✔ vm-test\\nXenDomain\\n128Mi", fillcolor="#d7f0dd"];
        n6 [label="✘ brutus\\nXenHost\\nUnreachable", fillcolor="#f9d6d5"];
        n1 -> n2;
        n2 -> n3;
        n3 -> n4 [label="Mounted"];
        n4 -> n5;
        n3 -> n6 [label="Unmounted"];
      }
      "
    `);
  });

  it("shows a host once that mounts two file systems, and two guests of one name twice", () => {
    const guest: TreeLine = { kind: "Guest", name: "mail", notes: [], children: [] };
    const host = (name: string, via: string): TreeLine => ({
      kind: "XenHost",
      name,
      via,
      notes: [],
      children: [guest],
    });
    const filesystem = (name: string, via: string): TreeLine => ({
      ...{ kind: "FileSystem", name, notes: [] },
      children: [host("bella", via), host("brutus", via)],
    });
    const { nodes, edges } = graphOf([filesystem("xen/a", "Mounted"), filesystem("xen/b", "Unmounted")]);
    expect(nodes.map(({ id, name }) => `${id} ${name}`)).toEqual([
      ...["n1 xen/a", "n2 bella", "n3 mail", "n4 brutus", "n5 mail", "n6 xen/b"],
    ]);
    expect(edges.map(({ from, to, label }) => [from.id, label, to.id].join(" "))).toEqual([
      ...["n1 Mounted n2", "n2  n3", "n1 Mounted n4", "n4  n5", "n6 Unmounted n2", "n6 Unmounted n4"],
    ]);
  });

  it("lets no name out of its quotes", () => {
    const one = graphOf([hostile]);
    expect({
      dot: dotText(one, 'x"y').split("\n").slice(0, 4),
      mermaid: mermaidText(one).split("\n")[1],
    }).toMatchInlineSnapshot(`
      {
        "dot": [
          "digraph "x\\"y" {",
          "  rankdir=LR;",
          "  node [shape=box, style="rounded,filled", fontname="sans-serif"];",
          "  n1 [label="· a\\"b\\\\c<script>alert(1)</script>&#]\\nguest\\ntwo\\nlines", fillcolor="#eeeeee"];",
        ],
        "mermaid": "  n1["· a#34;b\\c#60;script#62;alert(1)#60;/script#62;#38;#35;#93;<br>guest<br>two lines"]:::plain",
      }
    `);
    expect(htmlPage(one, "<b>")).not.toMatch(/<b>|<script>alert/);
  });
});

const run = promisify(execFile);
const chromium = await run("chromium", ["--version"]).then(
  () => true,
  () => false,
);
if (!chromium)
  process.stderr.write("skipped: the page in a browser needs chromium on PATH (Debian: apt-get install chromium)\n");

describe.skipIf(!chromium)("the page in a browser", () => {
  async function opened(hash: string): Promise<string> {
    const directory = await mkdtemp(path.join(tmpdir(), "xensan-page-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const file = path.join(directory, "rack.html");
    const rack = { hosts: [w.host("bella"), w.host("brutus", { Ready: w.not("Unreachable", "no route") })] };
    await writeFile(file, htmlPage(graph(rack), "san"));
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${directory}/profile`, "--dump-dom"];
    return (await run("chromium", [...flags, `file://${file}${hash}`], { maxBuffer: 2 ** 24 })).stdout;
  }
  const nodesOf = (dom: string, className: string) =>
    [...dom.matchAll(/<g class="([^"]*)"[^>]*data-text="([^"]*)"/g)].flatMap(([, classes = "", text = ""]) =>
      classes.split(" ").includes(className) ? [text] : [],
    );

  it("shows every object, and finds what its address asks for", async () => {
    const all = await opened("");
    expect(nodesOf(all, "node").length).toBe(6);
    expect(nodesOf(all, "match")).toEqual([]);
    const found = await opened("#unreachable");
    expect(nodesOf(found, "match")).toEqual(["xenhost brutus, unreachable"]);
    expect(found).toContain(">1 found</output>");
  });
});
