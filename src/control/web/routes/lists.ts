/**
 * `GET /api/status`, `/api/grants`, `/api/asks`: what the gateway is doing and what was opened for whom.
 * They show what the control socket shows.
 */
import type { WebRoute } from "../route.ts";

export const status: WebRoute = {
  method: "GET",
  path: "/api/status",
  open: false,
  answer: (_, { parts }) => ({ status: 200, body: parts.status() }),
};

export const listGrants: WebRoute = {
  method: "GET",
  path: "/api/grants",
  open: false,
  answer: (_, { parts }) => ({ status: 200, body: { grants: parts.sessions.grants() } }),
};

export const listAsks: WebRoute = {
  method: "GET",
  path: "/api/asks",
  open: false,
  answer: (_, { parts }) => ({ status: 200, body: { asks: parts.sessions.asks() } }),
};
