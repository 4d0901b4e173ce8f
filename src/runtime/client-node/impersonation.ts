import type { KubeConfig } from "@kubernetes/client-node";
import type { Dispatcher } from "undici";
import { z } from "zod";

/** The user that a client acts as; the client's own user needs the verb `impersonate`. */
export interface Impersonation {
  readonly user: string;
  readonly groups: readonly string[];
  readonly uid?: string | undefined;
}

/** The lines of a request's header by their lower-case names. */
export type Lines = Readonly<Record<string, readonly string[]>>;

/** The impersonation fields of a user in a kubeconfig. */
export const impersonationSchema = z.object({
  as: z.string().optional(),
  "as-uid": z.string().optional(),
  "as-groups": z.array(z.string()).nullish(),
  "as-user-extra": z.record(z.string(), z.array(z.string())).nullish(),
});

/** The header lines for it (kubernetes.io/docs/reference/access-authn-authz/authentication, "User impersonation"). */
export function linesOf(given: z.output<typeof impersonationSchema>): Lines {
  const lines = {
    "impersonate-user": textsOf(given.as),
    "impersonate-uid": textsOf(given["as-uid"]),
    "impersonate-group": given["as-groups"] ?? [],
    ...Object.fromEntries(
      Object.entries(given["as-user-extra"] ?? {}).map(([key, values]) => [
        `impersonate-extra-${encodeURIComponent(key)}`,
        values,
      ]),
    ),
  };
  return Object.fromEntries(Object.entries(lines).filter(([, values]) => values.length > 0));
}

const textsOf = (text: string | undefined) => (text === undefined || text === "" ? [] : [text]);

const userSchema = z.object({ impersonation: z.record(z.string(), z.array(z.string()).readonly()) });

/** The lines that the current user of the configuration adds to every request. */
export const impersonationOf = (config: KubeConfig): Lines =>
  userSchema.safeParse(config.getCurrentUser()).data?.impersonation ?? {};

/**
 * Makes the current user impersonate another one; fields that are not given keep the kubeconfig's values, as in
 * kubectl.
 */
export function impersonate(config: KubeConfig, { user, groups, uid }: Impersonation): KubeConfig {
  const lines = linesOf({ as: user, "as-groups": [...groups], "as-uid": uid });
  const current = config.getCurrentUser();
  const impersonation = { ...impersonationOf(config), ...lines };
  config.users = config.users.map((one) => (one === current ? { ...one, impersonation } : one));
  return config;
}

/**
 * Adds these lines to every request. `fetch` would join lines of the same name into one, and each group needs its own
 * line.
 */
export function adding(lines: Lines, dispatcher: Dispatcher): Dispatcher {
  if (Object.keys(lines).length === 0) return dispatcher;
  const added = Object.fromEntries(Object.entries(lines).map(([name, values]) => [name, [...values]]));
  return dispatcher.compose((dispatch) => (options, handler) => {
    const headers = options.headers ?? {};
    if (Symbol.iterator in headers) throw new Error("headers of a request are a record");
    return dispatch({ ...options, headers: { ...headers, ...added } }, handler);
  });
}
