/**
 * The Kubernetes minors that all integration tests run on: the newest always, the oldest before a release. The chart's
 * `kubeVersion`, the README and `xensan check` say the same; a test holds them together.
 */
export const kubernetesRange = { oldest: "1.34", newest: "1.37" } as const;
