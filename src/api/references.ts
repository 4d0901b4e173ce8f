import { z } from "zod";
import { atomicObject } from "./lists.ts";
import { textOf } from "./text.ts";

/** The name of a Kubernetes object (RFC 1123 subdomain). */
export const objectNameSchema = textOf(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  253,
  "the name of an object: lower-case letters, digits, '-' and '.'",
);

/** A reference to an object in the same namespace. */
export const localRefSchema = z.object({ name: objectNameSchema.describe("Name of the object, in this namespace.") });

/** A reference in a status to an object of the same namespace: it was validated when it was written in a spec. */
export const seenRefSchema = atomicObject(
  z.object({ name: z.string().max(253).describe("Name of the object, in this namespace.") }),
);

/** {@link seenRefSchema} for an object that may be in another namespace. */
export const seenRefAnywhereSchema = atomicObject(
  z.object({
    namespace: z.string().max(63).describe("Namespace of the object."),
    name: z.string().max(253).describe("Name of the object."),
  }),
);
