/**
 * `host`: systemd, sshd, vblade, aoetools. `ocfs2`: that and ocfs2-tools, so it is built after it. `sysvinit`: inittab.
 * `minimal`: nothing but sshd. See images/.
 */
export const imageNames = ["host", "ocfs2", "sysvinit", "minimal"] as const;
export type ImageName = (typeof imageNames)[number];

export function imageName(name: ImageName): string {
  return `xensan-test-${name}:latest`;
}

/** Marks the containers of one run of the tier. */
export function runLabel(): readonly [string, string] {
  return ["xensan.dev/test-run", process.env.XENSAN_CONTAINER_RUN ?? "alone"];
}
