/** `host`: systemd, sshd, vblade, aoetools. `sysvinit`: inittab. `minimal`: nothing but sshd. See images/. */
export const imageNames = ["host", "sysvinit", "minimal"] as const;
export type ImageName = (typeof imageNames)[number];

export function imageName(name: ImageName): string {
  return `xensan-test-${name}:latest`;
}

/** Marks the containers of one run of the tier. */
export function runLabel(): readonly [string, string] {
  return ["xensan.dev/test-run", process.env.XENSAN_CONTAINER_RUN ?? "alone"];
}
