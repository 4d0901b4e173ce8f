import type { Registry } from "prom-client";
import { ScrapedGauge } from "./scraped-gauge.ts";

/** Characters that are written at once; between chunks, other work in the process gets its turn. */
const chunk = 64 * 1024;

/** All metrics of a registry in the text format, in chunks: the whole text is never in memory. */
export async function* exposition(registry: Registry): AsyncGenerator<string> {
  for (const metric of registry.getMetricsAsArray()) {
    if (!(metric instanceof ScrapedGauge)) {
      yield `${await registry.getSingleMetricAsString(metric.name)}\n`;
      continue;
    }
    let text = "";
    for (const line of metric.lines()) {
      text += `${line}\n`;
      if (text.length < chunk) continue;
      yield text;
      text = "";
    }
    yield text;
  }
}
