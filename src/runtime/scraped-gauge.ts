import { Gauge, type GaugeConfiguration, type MetricObjectWithValues, type MetricValue } from "prom-client";

/** One series: its labels and its current value. */
export type Series = readonly [labels: Readonly<Record<string, string>>, value: number];

/** A gauge whose series are generated while they are read: none of them stays in memory. */
export class ScrapedGauge extends Gauge {
  readonly #about: GaugeConfiguration<string>;
  readonly #read: () => Iterable<Series>;

  constructor(about: GaugeConfiguration<string>, read: () => Iterable<Series>) {
    super(about);
    this.#about = about;
    this.#read = read;
  }

  /** The lines of the text format, without line ends. */
  *lines(): Iterable<string> {
    const { name, help } = this.#about;
    yield `# HELP ${name} ${help}`;
    yield `# TYPE ${name} gauge`;
    for (const [labels, value] of this.#read()) {
      let text = "";
      for (const label in labels) text += `${text === "" ? "" : ","}${label}="${escaped(labels[label] ?? "")}"`;
      yield `${name}{${text}} ${value}`;
    }
  }

  override async get(): Promise<MetricObjectWithValues<MetricValue<string>>> {
    const found = await super.get();
    return { ...found, values: Array.from(this.#read(), ([labels, value]) => ({ labels: { ...labels }, value })) };
  }
}

const special = /[\\"\n]/;

const escaped = (value: string) =>
  special.test(value) ? value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n") : value;
