/**
 * Every reason and error code that leaves the program, with its SQLSTATE where it is answered on a SQL wire.
 * It does not hold the sentences: those carry figures and are made where the figures are known. `docs/codes.md` is kept equal by a test.
 */

export const reasonCodes = {
  permitted: { sqlstate: null, title: "allowed by policy" },
  observed: { sqlstate: null, title: "let through because the policy only observes" },
  approved: { sqlstate: null, title: "carried out because persons agreed to a plan of it" },
  destructive: { sqlstate: "42501", title: "would destroy data or structure" },
  unbounded_change: { sqlstate: "42501", title: "a change that nothing restricts" },
  change_not_permitted: { sqlstate: "42501", title: "changes are not permitted here" },
  definition_not_permitted: { sqlstate: "42501", title: "changing the schema is not permitted here" },
  privilege_change: { sqlstate: "42501", title: "would change roles, grants or row policies" },
  outside_database: { sqlstate: "42501", title: "reaches files, programs or other servers" },
  secret_read: { sqlstate: "42501", title: "reads secrets" },
  session_pinned: { sqlstate: "42501", title: "would change a setting that Holdfast pins" },
  not_permitted: { sqlstate: "42501", title: "nothing permits it" },
  not_understood: { sqlstate: "42501", title: "what it would do is not known" },
  not_parsed: { sqlstate: "42601", title: "the text does not parse, or is not valid UTF-8" },
  too_large: { sqlstate: "54000", title: "longer than can be judged" },
  rule_failed: { sqlstate: "42501", title: "a rule could not be evaluated" },
  obligation_unfulfilled: { sqlstate: "42501", title: "a condition of the permission cannot be kept here" },
  approval_unavailable: { sqlstate: "42501", title: "needs a person's approval, and cannot be asked about" },
  approval_required: { sqlstate: "42501", title: "waits for a person's answer; nothing has run" },
  approval_denied: { sqlstate: "42501", title: "a person said no, or nobody may be asked" },
  approval_lapsed: { sqlstate: "42501", title: "the approval it rested on is used, over or taken back" },
  approval_alone: { sqlstate: "25001", title: "needs a person's approval, and must be sent by itself, outside a transaction" },
  executor_unavailable: { sqlstate: "58000", title: "what carries out approved acts could not be reached; nothing has run" },
  outcome_unknown: { sqlstate: "08007", title: "the server was lost while an approved act ran: it may have taken effect" },
  rows_returned_limit: { sqlstate: "54000", title: "more rows or bytes returned than permitted" },
  rows_changed_limit: { sqlstate: "54000", title: "more rows changed than permitted; rolled back" },
  too_many_at_once: { sqlstate: "53300", title: "one login has too much open or under way at once" },
  rate_limit: { sqlstate: "53400", title: "too many statements in a minute" },
  time_limit: { sqlstate: "57014", title: "took longer than permitted" },
  budget_exhausted: { sqlstate: "53400", title: "the session's budget is used up" },
  grant_lapsed: { sqlstate: "42501", title: "the grant it rests on is over or used up" },
  suspended: { sqlstate: "57P01", title: "the session is suspended" },
  record_unavailable: { sqlstate: "58030", title: "the audit log cannot be written, so nothing that changes data passes" },
  analysis_unavailable: { sqlstate: "58000", title: "the analysis failed or took too long" },
  credential_unavailable: { sqlstate: null, title: "the secret that it needs is not to be had; nothing was sent" },
  found_credential: { sqlstate: null, title: "carries a credential that Holdfast did not give out" },
  other_environment: { sqlstate: null, title: "would change what belongs to another environment than the session's" },
  host_not_reachable: { sqlstate: null, title: "the host cannot be reached, or is not who it should be; nothing was sent" },
  protocol_refused: { sqlstate: "08P01", title: "a message of the protocol that is not let through" },
  internal: { sqlstate: "XX000", title: "a defect of Holdfast; nothing was let through" },
} as const satisfies Record<string, { sqlstate: string | null; title: string }>;

export type ReasonCode = keyof typeof reasonCodes;
