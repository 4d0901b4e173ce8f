import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../../src/runtime/kube-api.ts";
import { type ReplaceOptions, Store, type StoreEvent } from "../../../src/runtime/store.ts";
import { stage } from "./stage.ts";

interface Thing extends KubeObject {
  colour?: string;
}
const thing = (
  name: string,
  resourceVersion: number,
  rest: Partial<Thing["metadata"]> & { colour?: string } = {},
): Thing => {
  const { colour, ...metadata } = rest;
  return {
    metadata: { name, namespace: "san", uid: `uid-${name}`, resourceVersion: String(resourceVersion), ...metadata },
    ...(colour === undefined ? {} : { colour }),
  };
};

function storeWithEvents() {
  const { log, messages } = stage();
  const store = new Store<Thing>({ log, indexes: { colour: ({ colour }) => (colour === undefined ? [] : [colour]) } });
  const events: string[] = [];
  store.subscribe((event) => events.push(told(event)));
  return { store, events, messages };
}
const told = (event: StoreEvent<Thing>) =>
  `${event.type}${event.type === "added" && event.initial ? " first" : ""} ${event.object.metadata.name}@${event.object.metadata.resourceVersion}`;

function replace(store: Store<Thing>, pages: readonly (readonly Thing[])[], options?: ReplaceOptions) {
  const replacing = store.replacing(options);
  for (const page of pages) replacing.page(page);
  replacing.end();
}

describe("a store", () => {
  it("finds objects by key, namespace and index, and follows their changes", () => {
    const { store } = storeWithEvents();
    store.put(thing("a", 1, { colour: "red" }));
    store.put(thing("b", 2, { colour: "red" }));
    store.put(thing("c", 3, { namespace: "other" }));
    store.put(thing("b", 4, { colour: "blue" }));
    expect(store.byIndex("colour", "red").map(({ metadata }) => metadata.name)).toEqual(["a"]);
    expect(store.byIndex("colour", "blue").map(({ metadata }) => metadata.name)).toEqual(["b"]);
    expect(store.list("san").map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
    expect(store.get({ namespace: "other", name: "c" })?.metadata.resourceVersion).toBe("3");
    store.delete(thing("a", 5));
    expect(store.byIndex("colour", "red")).toEqual([]);
    expect(() => store.byIndex("shape", "round")).toThrow("no index shape; there are: colour");
  });

  it("ignores versions older than what it has, so that an answer to a write and the watch may come in any order", () => {
    const { store, events } = storeWithEvents();
    store.put(thing("a", 9));
    store.put(thing("a", 10));
    store.put(thing("a", 9));
    store.put(thing("a", 10));
    expect(events).toEqual(["added a@9", "updated a@10"]);
  });

  it("takes the answer to a write for an object it has, never for one that is gone or another", () => {
    const { store, events } = storeWithEvents();
    store.observe(thing("a", 1));
    store.put(thing("a", 2));
    store.observe(thing("a", 3));
    store.observe(thing("a", 9, { uid: "another" }));
    store.delete(thing("a", 4));
    store.observe(thing("a", 3));
    expect(events).toEqual(["added a@2", "updated a@3", "deleted a@4"]);
  });

  it("tells of two objects when one was deleted and created again unseen", () => {
    const { store, events } = storeWithEvents();
    store.put(thing("a", 1));
    store.put(thing("a", 5, { uid: "second" }));
    expect(events).toEqual(["added a@1", "deleted a@1", "added a@5"]);
  });

  it("becomes equal to a full list, telling only the differences", () => {
    const { store, events } = storeWithEvents();
    replace(store, [[thing("a", 1), thing("b", 2)], [thing("c", 3)]], { initial: true });
    replace(store, [[thing("a", 1), thing("c", 5)], [thing("d", 6)]]);
    expect(events).toEqual([
      "added first a@1",
      "added first b@2",
      "added first c@3",
      "updated c@5",
      "added d@6",
      "deleted b@2",
    ]);
  });

  it("keeps what was there when a full list breaks off, and goes on with the next one", () => {
    const { store, events } = storeWithEvents();
    replace(store, [[thing("a", 1), thing("b", 2)]], { initial: true });
    store.replacing().page([thing("a", 3)]);
    expect(store.list().map(({ metadata }) => metadata.name)).toEqual(["a", "b"]);
    replace(store, [[thing("a", 3)]]);
    expect(events).toEqual(["added first a@1", "added first b@2", "updated a@3", "deleted b@2"]);
  });

  it("keeps of an object what it was told to keep, whoever brings it", () => {
    const { log } = stage();
    const keep = ({ metadata }: Thing): Thing => ({ metadata, colour: "kept" });
    const store = new Store<Thing>({ log, keep, indexes: { colour: ({ colour = "none" }) => [colour] } });
    store.put(thing("a", 1, { colour: "red" }));
    store.observe(thing("a", 2, { colour: "blue" }));
    replace(store, [[thing("a", 2), thing("b", 3)]]);
    expect(store.byIndex("colour", "kept")).toEqual([
      thing("a", 2, { colour: "kept" }),
      thing("b", 3, { colour: "kept" }),
    ]);
  });

  it("believes older versions when the server's history went back", () => {
    const { store, events } = storeWithEvents();
    store.put(thing("a", 50));
    replace(store, [[thing("a", 7)]]);
    replace(store, [[thing("a", 7)]], { rewind: true });
    expect(events).toEqual(["added a@50", "updated a@7"]);
  });

  it("survives listeners and index functions that throw, and says so in the log", () => {
    const { log, messages } = stage();
    const store = new Store<Thing>({
      log,
      indexes: {
        broken: () => {
          throw new Error("index");
        },
      },
    });
    const seen: string[] = [];
    store.subscribe(() => {
      throw new Error("listener");
    });
    store.subscribe((event) => seen.push(told(event)));
    store.put(thing("a", 1));
    expect(seen).toEqual(["added a@1"]);
    expect(messages("error")).toEqual([
      "an index function threw; the object is not in that index",
      "a store listener threw",
    ]);
  });

  it("tells a late subscriber what is there, and a former one nothing", () => {
    const { store } = storeWithEvents();
    store.put(thing("a", 1));
    const seen: string[] = [];
    const unsubscribe = store.subscribe((event) => seen.push(told(event)));
    store.put(thing("b", 2));
    unsubscribe();
    store.put(thing("c", 3));
    expect(seen).toEqual(["added first a@1", "added b@2"]);
  });
});
