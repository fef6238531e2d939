/**
 * Restrictive row policies for the agents' groups. They narrow what a group sees and changes; they never widen it.
 * They leave everybody else's rows as they are. They name no role in TO: any member of a group may take that group out of a policy's
 * roles by DROP OWNED BY (seen on 15 and 18), and nobody can take PUBLIC out.
 */
import type { Draft } from "./draft.ts";
import { markPrefix } from "./names.ts";
import { nameOf } from "./plan-grants.ts";
import type { Groups } from "./plan.ts";
import type { ProvisionRequest } from "./request.ts";
import { sha256Hex } from "../base/canonical.ts";
import { ident, literal, qualified } from "./sql.ts";

export function planRows(draft: Draft, request: ProvisionRequest, groups: Groups): void {
  // Writers are members of the readers. Once a query, not once a row.
  const agents = `(SELECT pg_catalog.pg_has_role(CURRENT_USER, ${literal(groups.reader)}, 'USAGE'))`;
  for (const { table, using } of request.rows) {
    const relation = draft.state.relations.find((each) => nameOf(each) === table);
    if (relation === undefined) continue; // refused already
    const { schema, name, owner, rowSecurity } = relation;
    const at = qualified(schema, name);
    if (relation.kind !== "table") {
      draft.refuse(`\`${table}\` is no table: row policies stand on tables`);
      continue;
    }
    if (/current_setting/i.test(using))
      draft.note(`the row policy of \`${table}\` rests on a setting: an agent can set it, unless Holdfast's analysis stops that`);
    const there = draft.state.policies.filter((each) => each.schema === schema && each.table === name);
    const others = there.filter(({ comment }) => comment?.startsWith(markPrefix) !== true);
    const step = (sql: string, why: string, undo: readonly string[] = []) => draft.asOwner(owner, { sql, why, undo });
    const open = `holdfast_${request.target}_others`.slice(0, 63);
    if (!rowSecurity && others.length === 0 && !there.some((each) => each.name === open)) {
      // Without a permissive policy row security would hide everything from everybody but the owner.
      step(`CREATE POLICY ${ident(open)} ON ${at} USING (true) WITH CHECK (true)`, "everybody else sees and changes what they did before");
      step(`COMMENT ON POLICY ${ident(open)} ON ${at} IS ${literal(`${markPrefix}leaves others as they were`)}`, "marks it as ours");
    }
    const narrow = `holdfast_${request.target}_rows`.slice(0, 63);
    const comment = `${markPrefix}rows of agents ${sha256Hex(`${agents} ${using}`).slice(0, 16)}`;
    const found = there.find((each) => each.name === narrow);
    if (found?.comment !== comment) {
      if (found !== undefined) step(`DROP POLICY ${ident(narrow)} ON ${at}`, "the predicate is another one now");
      const condition = `(NOT ${agents} OR (${using}))`;
      step(`CREATE POLICY ${ident(narrow)} ON ${at} AS RESTRICTIVE USING ${condition} WITH CHECK ${condition}`, "agents' rows");
      step(`COMMENT ON POLICY ${ident(narrow)} ON ${at} IS ${literal(comment)}`, "marks it as ours");
    }
    if (!rowSecurity)
      step(`ALTER TABLE ${at} ENABLE ROW LEVEL SECURITY`, "makes the policies count", [`ALTER TABLE ${at} DISABLE ROW LEVEL SECURITY`]);
    else if (!others.some(({ permissive }) => permissive) && !there.some((each) => each.name === open))
      draft.note(`\`${table}\` has row security and no permissive policy: agents see no row of it`);
  }
}
