import { nameOf, type TreeLine } from "./tree.ts";

/** One element of the rack; it occurs once, whatever the number of its carriers. */
export interface Node {
  /** `n1`, `n2` …: valid in every format, whatever the names are. */
  readonly id: string;
  readonly kind: TreeLine["kind"];
  readonly name: string;
  readonly state: TreeLine["state"];
  /** Lines below the name: the reason if it is not ready, then notes. */
  readonly details: readonly string[];
}

/** `from` carries `to`. */
export interface Edge {
  readonly from: Node;
  readonly to: Node;
  /** `Mounted`, `Attached`. */
  readonly label: string | undefined;
}

/** The rack as a graph, with nodes in the order of the tree. */
export interface Graph {
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
}

/** Merges the occurrences of an element in the tree. */
export function graphOf(places: readonly TreeLine[]): Graph {
  const nodes = new Map<string, Node>();
  const edges = new Map<string, Edge>();
  const visit = (place: TreeLine, carrier: Node | undefined, path: string) => {
    // Two hosts may each have a guest of the same name.
    const name = nameOf(place);
    const key = place.kind === "Guest" ? `${path} ${name}` : `${place.kind} ${name}`;
    const { kind, state, reason, notes } = place;
    const id = `n${nodes.size + 1}`;
    const node = nodes.get(key) ?? {
      id,
      kind,
      name,
      state,
      details: reason === undefined ? notes : [reason, ...notes],
    };
    nodes.set(key, node);
    if (carrier !== undefined) edges.set(`${carrier.id} ${node.id}`, { from: carrier, to: node, label: place.via });
    for (const child of place.children) visit(child, node, key);
  };
  for (const place of places) visit(place, undefined, "");
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

const marks = { True: "✔", False: "✘", Unknown: "?" };
/** A sign for the readiness: not everybody can see colours. */
export const markOf = (state: TreeLine["state"]): string => (state === undefined ? "·" : marks[state]);

const texts: Readonly<Record<string, string>> = { FileSystem: "file system", Guest: "guest" };
/** The kind in words for people. */
export const kindText = (kind: TreeLine["kind"]): string => texts[kind] ?? kind;
