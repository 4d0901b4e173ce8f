import { Gauge, type Registry } from "prom-client";

const mebibyte = 2 ** 20;
/** Heap of an operator before it has read an object, including a scrape, a page of a list and its workers. */
const baseBytes = 64 * mebibyte;
/**
 * Heap for each object: the object, its entries in indexes and queues, and the garbage of its reconcile. An estimate
 * from one trace of the collector at 5,000 AoeVolumes, rounded up; larger numbers were not measured.
 */
const bytesPerObject = 9 * 1024;
/** Share of the container's memory that the image gives to the heap (`--max-old-space-size-percentage`). */
export const heapPercentage = 70;

/** How many objects a heap of this size serves, in whole hundreds. */
export const objectsServedBy = (heapBytes: number): number =>
  Math.max(0, Math.floor((heapBytes - baseBytes) / bytesPerObject / 100) * 100);

/** The memory limit of a container that serves this many objects, as a quantity of Kubernetes. */
export const limitFor = (objects: number): string =>
  `${Math.ceil(((baseBytes + objects * bytesPerObject) * 100) / heapPercentage / mebibyte / 64) * 64}Mi`;

/** The number of objects that can be served, and the number that have been read. */
export interface Capacity {
  readonly atMost: number;
  readonly objects: () => number;
}

/** For people: the limit and the current number. */
export const capacityText = ({ atMost, objects }: Capacity): string =>
  `the memory limit serves about ${atMost} objects, ${objects()} have been read`;

/** There are more objects than the process has memory for: reading them all would end it, again after every restart. */
export class TooManyObjects extends Error {
  override readonly name = "TooManyObjects";
  constructor(atMost: number, objects: number) {
    super(
      `TooManyObjects: the memory limit serves about ${atMost} objects and there are at least ${objects}, so the operator changes nothing: set resources.limits.memory to ${limitFor(objects)} or more, or divide the namespaces among several releases`,
    );
  }
}

/** Registers metrics of the capacity and of the number of objects. */
export function observeCapacity(registry: Registry, { atMost, objects }: Capacity): void {
  const registers = [registry];
  new Gauge({
    name: "xensan_objects_at_most",
    help: "Approximate number of objects that the memory limit serves.",
    registers,
  }).set(atMost);
  new Gauge({
    ...{ name: "xensan_objects", help: "Objects that have been read and are kept in memory.", registers },
    collect() {
      this.set(objects());
    },
  });
}
