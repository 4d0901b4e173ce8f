const namespaceOf = (object: { readonly metadata: { readonly namespace?: string } }) => object.metadata.namespace ?? "";

/** `namespace/name` of what an object names in its own namespace, each once. */
export const keysIn = (
  object: { readonly metadata: { readonly namespace?: string } },
  names: readonly (string | undefined)[],
): string[] => [...new Set(names.flatMap((name) => (name === undefined ? [] : [`${namespaceOf(object)}/${name}`])))];
