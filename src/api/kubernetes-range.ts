/**
 * The Kubernetes minor versions that all integration tests run on: the newest always, the oldest before a release. A
 * test ensures that the chart's `kubeVersion`, the README and `xensan check` state the same range.
 */
export const kubernetesRange = { oldest: "1.34", newest: "1.37" } as const;
