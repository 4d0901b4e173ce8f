import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { linksOf, root } from "../../../docs/site/pages.ts";
import { annotations, finalizer, secretFinalizer } from "../../../src/api/common.ts";
import { objectSchema } from "../../../src/api/generate/crd.ts";
import type { StructuralSchema } from "../../../src/api/generate/structural.ts";
import { definitions } from "../../../src/api/kinds.ts";
import { parseSpec } from "../../../src/api/parse.ts";
import { createHostMetrics } from "../../../src/controllers/hosts/metrics.ts";
import { createObjectMetrics } from "../../../src/controllers/object-metrics.ts";
import { observeCapacity } from "../../../src/runtime/capacity.ts";
import { createMetrics } from "../../../src/runtime/metrics.ts";
import { observeProcess } from "../../../src/runtime/process-metrics.ts";
import { documentsOf } from "../api/documents.ts";
import { pages, typedIn } from "./pages.ts";

const all = pages();
const kinds = Object.values(definitions).map((definition) => ({
  ...definition,
  words: [definition.kind.toLowerCase(), definition.plural, definition.shortName],
  schema: objectSchema(definition),
}));
/** Whether a schema has the field; * matches what cannot be known. */
function hasField(schema: StructuralSchema | undefined, path: readonly string[]): boolean {
  const [field, ...rest] = path;
  if (field === undefined) return true;
  if (schema?.items !== undefined) return hasField(schema.items, path);
  const inner = schema?.properties?.[field];
  return inner !== undefined && hasField(inner, rest);
}
const fieldsOf = (path: string) => path.replaceAll(/\[[^\]]*\]/g, "").split(".");

describe("the pages of the docs", () => {
  it("link to files and headings that there are", () => {
    const byFile = new Map(all.map((page) => [page.file, page]));
    const broken = all.flatMap((page) =>
      linksOf(page)
        .filter(
          ({ path, anchor }) =>
            !existsSync(join(root, path)) || (anchor !== undefined && byFile.get(path)?.anchors.has(anchor) !== true),
        )
        .map(({ target }) => `${page.file}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("are all reached from the README by links", () => {
    const byFile = new Map(all.map((page) => [page.file, page]));
    const reached = new Set<string>();
    const follow = (file: string) => {
      const page = byFile.get(file);
      if (page === undefined || reached.has(file)) return;
      reached.add(file);
      for (const { path } of linksOf(page)) follow(path);
    };
    follow("README.md");
    expect(all.map(({ file }) => file).filter((file) => !reached.has(file))).toEqual([]);
  });

  it("show manifests that are accepted, and files of examples as they are", () => {
    const wrong = all.flatMap(({ file, blocks }) =>
      blocks
        .filter(({ language }) => language === "yaml")
        .flatMap(({ text }) => [
          ...parseAllDocuments(text).flatMap(({ errors }) => errors.map(({ message }) => message)),
          ...(/^kind: /m.test(text) ? documentsOf(text) : []).flatMap((document) => {
            const result = parseSpec(document.kind, document);
            return result.ok ? [] : [result.message];
          }),
          ...[...text.matchAll(/^# (examples\/\S+)\n([\s\S]*)/g)].flatMap(([, name = "", rest = ""]) =>
            `${rest}\n` === readFileSync(join(root, name), "utf8") ? [] : [`is not ${name}`],
          ),
        ])
        .map((message) => `${file}: ${message}`),
    );
    expect(wrong).toEqual([]);
  });

  it("name resources, conditions and fields to kubectl that there are", () => {
    const wrong = typedIn(all, "kubectl").flatMap(({ file, args }) => problemsOf(args).map((one) => `${file}: ${one}`));
    expect(wrong).toEqual([]);
    expect(typedIn(all, "kubectl").length).toBeGreaterThan(60);
  });

  it("name fields, annotations and metrics that there are", () => {
    const { registry } = createMetrics();
    createHostMetrics(registry);
    createObjectMetrics(registry);
    observeCapacity(registry, { atMost: 1, objects: () => 0 });
    using _ = observeProcess(registry);
    const metrics = new Set(registry.getMetricsAsArray().map(({ name }) => name));
    const keys: readonly string[] = [...Object.values(annotations), finalizer, secretFinalizer];
    const checks: readonly (readonly [pattern: RegExp, isKnown: (word: string) => boolean])[] = [
      [
        /^(?:spec|status)(?:\.[A-Za-z0-9]+(?:\[[^\]]*\])?)+/,
        (path) => kinds.some(({ schema }) => hasField(schema, fieldsOf(path))),
      ],
      [/^xensan\.dev\/[a-z-]+/, (key) => keys.includes(key)],
      [/^xensan_[a-z_]+/, (name) => metrics.has(name.replace(/_(bucket|count|sum)$/, ""))],
    ];
    const wrong = all
      .filter(({ file }) => !file.startsWith("docs/decisions/"))
      .flatMap(({ file, spans }) =>
        spans.flatMap((span) =>
          checks.flatMap(([pattern, isKnown]) => {
            const word = pattern.exec(span)?.[0];
            return word === undefined || isKnown(word) ? [] : [`${file}: ${word}`];
          }),
        ),
      );
    expect(wrong).toEqual([]);
  });

  it("set values of the chart that there are", () => {
    const values = parseAllDocuments(readFileSync(join(root, "helm/xensan/values.yaml"), "utf8"))[0];
    const wrong = typedIn(all, "helm").flatMap(({ file, args }) =>
      args
        .filter((_, index) => args[index - 1] === "--set")
        .map((text) => text.replace(/(\[|=).*/, ""))
        .filter((path) => values?.hasIn(path.split(".")) !== true)
        .map((path) => `${file}: ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  it("list every annotation and finalizer", () => {
    const page = all.find(({ file }) => file === "docs/reference/annotations.md")?.text ?? "";
    const keys = [...Object.values(annotations), finalizer, secretFinalizer];
    expect(keys.filter((key) => !page.includes(`| \`${key}\` |`))).toEqual([]);
  });
});

const builtIn =
  /^(all|clusterrolebindings?|configmaps?|crds?|customresourcedefinitions?|deployments?|events?|leases?|namespaces?|pods?|secrets?|xensan|KIND)$/;

/** Problems of the arguments of kubectl: unknown resources, conditions and fields of our kinds. */
function problemsOf(args: readonly string[]): string[] {
  const verb = args.find((one, index) => !one.startsWith("-") && !/^(-n|--namespace)$/.test(args[index - 1] ?? ""));
  const operands = args
    .slice(args.indexOf(verb ?? "") + 1)
    .filter(
      (one, index, rest) => !one.startsWith("-") && !/^(-n|--namespace|-o|-p|-f|-l|-k)$/.test(rest[index - 1] ?? ""),
    );
  if (verb === undefined || /^(apply|create|logs|exec|rollout|xensan|config|version)$/.test(verb)) return [];
  const named = /\//.test(operands[0] ?? "") ? operands.filter((one) => !one.includes("=")) : operands.slice(0, 1);
  const resources = named.flatMap((one) => one.split(",")).map((one) => one.replace(/\/.*/, ""));
  const meant = resources.map((word) => ({
    word,
    kind: kinds.find(({ words }) => words.includes(word.toLowerCase())),
  }));
  const ours = meant.flatMap(({ word, kind }) => (word === "xensan" ? kinds : (kind ?? [])));
  const line = args.join(" ");
  const conditions = [...line.matchAll(/--for=condition=([A-Za-z]+)|\?\(@\.type=="([A-Za-z]+)"\)/g)].flatMap(
    ([, wanted, shown]) => wanted ?? shown ?? [],
  );
  const paths = [...line.matchAll(/(?:^|[^A-Za-z.@])\.((?:spec|status)\.[A-Za-z.]+)/g)].map(([, path = ""]) => path);
  const patched = [...line.matchAll(/"path":"\/(spec[^"]*)"/g)].map(([, path = ""]) =>
    path.replaceAll(/\/\d+/g, "").replaceAll("/", "."),
  );
  const merged = args.filter((_, index) => args[index - 1] === "-p").flatMap((text) => leavesOf(JSON.parse(text)));
  const shown = args.filter((one) => one.includes("jsonpath=")).flatMap(shownBy);
  const fields = [...paths, ...shown, ...patched, ...merged.filter((path) => path.startsWith("spec."))];
  return [
    ...meant
      .filter(({ word, kind }) => kind === undefined && !builtIn.test(word))
      .map(({ word }) => `kubectl ${verb} ${word}`),
    ...conditions.filter(
      (type) => ours.length > 0 && !ours.some(({ conditionTypes }) => hasType(conditionTypes, type)),
    ),
    ...fields.filter((path) => ours.length > 0 && !ours.some(({ schema }) => hasField(schema, path.split(".")))),
  ];
}

/** The fields of spec and status that a jsonpath template shows; within a range, those of each item. */
function shownBy(template: string): string[] {
  const ranges: string[] = [];
  return [...template.matchAll(/\{(?:(range) )?(\.[^{}]*)\}|\{end\}/g)]
    .flatMap(([, range, path]) => {
      if (path === undefined) {
        ranges.pop();
        return [];
      }
      const whole = (ranges.at(-1) ?? "") + path;
      if (range !== undefined) ranges.push(whole);
      return fieldsOf(whole).slice(1).join(".");
    })
    .filter((path) => /^(spec|status)\b/.test(path));
}

const hasType = (types: readonly string[], type: string) =>
  types.includes(type) || Object.hasOwn(extraConditions, type);
/** Conditions that an object has only at times. */
const extraConditions = { DeletionBlocked: true, Paused: true, Stalled: true, Reconciling: true } as const;

/** The paths of all values in a JSON document; a list counts as one value. */
function leavesOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [""];
  return Object.entries(value).flatMap(([key, inner]) =>
    leavesOf(inner).map((rest) => (rest === "" ? key : `${key}.${rest}`)),
  );
}
