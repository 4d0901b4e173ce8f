import { connect } from "node:net";

/** Joins this terminal to a serial console until Ctrl-] is typed, input ends or the machine is switched off. */
export async function attachConsole(socketPath: string): Promise<void> {
  const socket = connect(socketPath);
  const { stdin, stdout } = process;
  if (stdin.isTTY) stdin.setRawMode(true);
  const leave = () => socket.end();
  stdin.on("data", (data: Buffer) => {
    if (data.includes(0x1d)) leave();
    else socket.write(data);
  });
  stdin.once("end", leave);
  socket.on("data", (data) => stdout.write(data));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("close", () => resolve());
      socket.once("error", reject);
    });
  } finally {
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.destroy();
  }
}
