/**
 * `host`: systemd, sshd, vblade, aoetools. `ocfs2`: `host` with ocfs2-tools, so it is built after it. `sysvinit`:
 * inittab. `minimal`: only sshd. See images/.
 */
export const imageNames = ["host", "ocfs2", "sysvinit", "minimal"] as const;
export type ImageName = (typeof imageNames)[number];

/** The release of Debian in all of them: XENSAN_TEST_DEBIAN, its code name. */
export const release = process.env.XENSAN_TEST_DEBIAN ?? "bookworm";

export function imageName(name: ImageName): string {
  return `xensan-test-${name}:${release}`;
}

/** Marks the containers of one run of this test tier. */
export function runLabel(): readonly [string, string] {
  return ["xensan.dev/test-run", process.env.XENSAN_CONTAINER_RUN ?? "alone"];
}
