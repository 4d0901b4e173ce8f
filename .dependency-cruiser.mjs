// The arrows of the architecture: who may import whom. See CONTRIBUTING.md.
const layer = (name, allowed) => ({
  name: `${name}-imports`,
  comment: `src/${name} may import ${allowed.length === 0 ? "nothing of ours" : allowed.join(", ")}`,
  severity: "error",
  from: { path: `^src/${name}/` },
  to: { path: "^src/", pathNot: [`^src/${name}/`, ...allowed.map((to) => `^src/${to}`)] },
});

export default {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-orphans",
      severity: "error",
      from: { path: "^src/", orphan: true, pathNot: ["^src/(cli/main|cli/plugin|cli/operator|up/main)\\.ts$"] },
      to: {},
    },
    layer("api", []),
    layer("runtime", ["(clock|printable)\\.ts$", "api/conditions\\.ts$"]),
    layer("ssh", ["clock\\.ts$", "printable\\.ts$"]),
    layer("host", ["clock\\.ts$", "printable\\.ts$", "ssh/host-session\\.ts$"]),
    layer("controllers", ["clock\\.ts$", "api/", "runtime/", "host/", "ssh/host-session\\.ts$"]),
    layer("controlplane", ["runtime/(equality|kube-api)\\.ts$"]),
    layer("cli", ["(clock|printable|operator)\\.ts$", "api/", "runtime/", "host/", "ssh/", "controllers/"]),
    layer("sim", ["clock\\.ts$", "printable\\.ts$", "ssh/", "host/", "runtime/kube-api\\.ts$"]),
    { name: "src-not-test", severity: "error", from: { path: "^src/" }, to: { path: "^test/" } },
    {
      name: "only-declared-packages",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "only-shipped-packages",
      comment: "what only development needs is not installed beside the operator and its CLI",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(up|sim|controlplane|api/generate)" },
      to: { dependencyTypes: ["npm-dev"] },
    },
    { name: "unresolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|node_modules)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
