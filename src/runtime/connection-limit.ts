import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Keeps at most so many connections open. A new one is always accepted: when there are too many, the address that holds
 * the most loses its oldest one without a request in progress, or its oldest. So nobody can lock others out by holding
 * connections.
 */
export function limitConnections(server: Server, most: number): void {
  /** In order of their age. */
  const open = new Map<Socket, string>();
  const busy = new Set<Socket>();
  server.on("connection", (socket) => {
    open.set(socket, socket.remoteAddress ?? "");
    socket.once("close", () => {
      open.delete(socket);
      busy.delete(socket);
    });
    if (open.size <= most) return;
    const holders = Map.groupBy(open.keys(), (one) => open.get(one));
    const [largest = []] = [...holders.values()].sort((a, b) => b.length - a.length);
    const victim = largest.find((one) => !busy.has(one) && one !== socket) ?? largest[0];
    if (victim === undefined) return;
    open.delete(victim);
    victim.destroy();
  });
  server.on("request", (request, response) => {
    busy.add(request.socket);
    response.once("close", () => busy.delete(request.socket));
  });
}
