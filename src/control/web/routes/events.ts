/**
 * `GET /api/events`: what changes, told as it changes, until the login ends.
 * Approvals are pushed by who keeps them; sessions and status have no such call and are compared each second while somebody listens.
 */
import type { WebConsole } from "../parts.ts";
import type { EventSink, LoggedIn, WebRoute } from "../route.ts";

const compareEveryMs = 1_000;

export const events: WebRoute = {
  method: "GET",
  path: "/api/events",
  open: false,
  answer: (_, console, by) => ({ status: 200, stream: (sink) => tell(sink, console, by) }),
};

function tell(sink: EventSink, { parts, logins }: WebConsole, { login }: LoggedIn): () => void {
  const unsubscribe = [
    parts.approvals.onChange((view) => {
      sink.send("approval", view);
      if (view.state === "pending") parts.approvals.shown?.(view.id, login.person);
    }),
    parts.log.follow((lines) => sink.send("audit", { events: lines })),
  ];
  const told = new Map<string, string>();
  const compare = (event: string, data: unknown): void => {
    const text = JSON.stringify(data);
    if (told.get(event) === text) return;
    told.set(event, text);
    sink.send(event, data);
  };
  const look = (): void => {
    // A login that ends by time or by the vault ends its streams here.
    if (logins.personOf(login) === undefined) return;
    compare("sessions", { sessions: parts.sessions.list() });
    compare("status", parts.status());
  };
  look();
  const timer = setInterval(look, compareEveryMs);
  return () => {
    clearInterval(timer);
    for (const end of unsubscribe) end();
  };
}
