import { z } from "zod";

/**
 * Kubernetes list types. The list type makes the API server refuse duplicates, and lets several writers of server-side
 * apply own entries of one list.
 */

interface Bounds {
  readonly min?: number;
  readonly max: number;
}

/** A list of scalars without duplicates; the order has no meaning. */
export function setOf<S extends z.ZodType<string | number>>(item: S, bounds: Bounds): z.ZodArray<S> {
  return bounded(item, bounds)
    .superRefine((values, context) => reportDuplicates(values, context))
    .meta({ "x-kubernetes-list-type": "set" });
}

/** A list of objects with unique values of `keys`. */
export function mapListOf<S extends z.ZodObject>(
  item: S,
  keys: readonly (keyof S["shape"] & string)[],
  bounds: Bounds,
): z.ZodArray<S> {
  return bounded(item, bounds)
    .superRefine((values, context) =>
      reportDuplicates(
        values.map((value) => keys.map((key) => `${key} ${JSON.stringify(value[key])}`).join(", ")),
        context,
      ),
    )
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [...keys] });
}

/**
 * A list that one writer owns as a whole; keeps order and duplicates. Lists in a status are atomic, except the
 * conditions: a server-side apply that removes the last entry of a list merged by key leaves null behind, which the API
 * server then refuses.
 */
export function atomicListOf<S extends z.ZodType>(item: S, bounds: Bounds): z.ZodArray<S> {
  return bounded(item, bounds).meta({ "x-kubernetes-list-type": "atomic" });
}

/** An object that one writer owns as a whole, for the same reason as {@link atomicListOf}. */
export function atomicObject<S extends z.ZodObject>(schema: S): S {
  return schema.meta({ "x-kubernetes-map-type": "atomic" });
}

function bounded<S extends z.ZodType>(item: S, { min, max }: Bounds): z.ZodArray<S> {
  const list = z.array(item).max(max);
  return min === undefined ? list : list.min(min);
}

function reportDuplicates(
  values: readonly unknown[],
  context: { addIssue(issue: { code: "custom"; message: string; path: PropertyKey[] }): void },
): void {
  const seen = new Set<unknown>();
  for (const [index, value] of values.entries()) {
    if (seen.has(value)) {
      context.addIssue({ code: "custom", message: "must be listed only once", path: [index] });
    }
    seen.add(value);
  }
}
