import { z } from "zod";
import { textOf } from "./text.ts";

/** The name of a Kubernetes object (RFC 1123 subdomain). */
export const objectNameSchema = textOf(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  253,
  "the name of an object: lower-case letters, digits, '-' and '.'",
);

/** A reference to an object in the same namespace. */
export const localRefSchema = z.object({ name: objectNameSchema.describe("Name of the object, in this namespace.") });
