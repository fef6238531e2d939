/**
 * Whether this process already runs inside a session of Holdfast's: what a program starts shares what the program has.
 * Whoever removes the variable gets a session of its own, with no more rights than this one; see docs/sessions.md.
 */

/** The session's name, where the variables of a run are all there. */
export function innerSession(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { HOLDFAST_SESSION: session, HOLDFAST_CONTROL: control, PGUSER: user } = environment;
  return session !== undefined && control !== undefined && user === session ? session : undefined;
}
