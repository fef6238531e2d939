/**
 * A stand-in for the relay: passes bytes both ways without judging anything, so that the login can be tested with real clients and
 * servers on its own. It is never part of the program.
 */
import type { Handover, RunningSession } from "../../../src/adapters/postgres/handover.ts";

export function standInSession(handover: Handover): RunningSession {
  const { client, server } = handover;
  server.write(handover.clientRest);
  client.write(handover.serverRest);
  client.pipe(server);
  server.pipe(client);
  const end = (): void => {
    client.destroy();
    server.destroy();
  };
  const finished = new Promise<string>((resolve) => {
    let open = 2;
    for (const socket of [client, server]) {
      socket.once("close", () => {
        end();
        open -= 1;
        if (open === 0) resolve("closed");
      });
    }
  });
  return { shutdown: end, finished };
}
