import { Counter, Registry } from "prom-client";
import { expect, it } from "vitest";
import { exposition } from "../../../src/runtime/exposition.ts";
import { ScrapedGauge, type Series } from "../../../src/runtime/scraped-gauge.ts";

function withSamples(samples: readonly Series[]) {
  const registry = new Registry();
  new Counter({ name: "things_total", help: "Things.", registers: [registry] }).inc(3);
  const about = { name: "size", help: "Size by name.", labelNames: ["name", "colour"], registers: [registry] };
  new ScrapedGauge(about, () => samples);
  return registry;
}

async function piecesOf(registry: Registry): Promise<string[]> {
  const pieces: string[] = [];
  for await (const piece of exposition(registry)) pieces.push(piece);
  return pieces;
}

it("the metrics of a registry come in the text format, with every label escaped", async () => {
  const registry = withSamples([
    [{ name: "a", colour: "red" }, 1.5],
    [{ name: 'b"\\\n' }, 2],
  ]);
  const text = (await piecesOf(registry)).join("");
  expect(text.split("\n")).toEqual([
    ...["# HELP things_total Things.", "# TYPE things_total counter", "things_total 3"],
    ...["# HELP size Size by name.", "# TYPE size gauge", 'size{name="a",colour="red"} 1.5'],
    ...['size{name="b\\"\\\\\\n"} 2', ""],
  ]);
  expect((await registry.metrics()).replaceAll("\n\n", "\n")).toBe(text);
});

it("many series come in pieces", async () => {
  const samples = Array.from({ length: 5000 }, (_, index): Series => [{ name: `volume-${index}` }, index]);
  const pieces = await piecesOf(withSamples(samples));
  const lines = pieces.join("").split("\n");
  expect(lines.filter((line) => line.startsWith("size{"))).toEqual(
    samples.map(([{ name }, value]) => `size{name="${name}"} ${value}`),
  );
  expect(pieces.map((piece) => piece.length).filter((length) => length > 70_000)).toEqual([]);
  expect(pieces.length).toBeGreaterThan(2);
});
