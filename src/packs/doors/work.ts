/** Command lines and tools of GitHub and Stripe. git itself is read by its own pushes: what a line would push is not in it. */
import { type ProviderDoors, ways } from "./door.ts";

const github: ProviderDoors = {
  provider: "github",
  programs: ["gh", "git"],
  reads: [
    "repo|pr|issue|release|run|workflow|gist|label|ruleset|cache|org|project list|ls|view|status|diff|checks|watch|download",
    "status; search; auth status; browse; pr checkout; repo clone; branch --list; version; help",
    "log|diff|show|fetch|clone|pull|blame|ls-remote|ls-files|ls-tree|rev-parse|rev-list|describe|shortlog|grep|merge-base|cat-file",
  ],
  operations: {
    repo: ways("repo delete", "delete repository; delete repo"),
    ref: ways("", "delete branch; delete ref; update ref; delete tag"),
    push: ways("push; repo sync --force", "force push; git push"),
    fetch: ways("", ""),
    protect: ways("ruleset delete|update; ", "delete branch protection; update branch protection; delete ruleset; update ruleset"),
    visibility: ways("repo edit --visibility; repo edit; repo archive|unarchive", "update repository; archive repository; set visibility"),
    transfer: ways("repo transfer", "transfer repository"),
    release: ways(
      "release delete|delete-asset; run delete; cache delete; gist delete",
      "delete release; delete package; delete workflow run log; delete workflow run; delete artifact; delete cache; delete package version",
    ),
    secrets: ways(
      "secret set|delete|remove; variable set|delete|remove; ssh-key add|delete; gpg-key add|delete; repo deploy-key add|delete; auth token|refresh",
      "create secret; delete secret; set secret; create webhook; delete webhook; create deploy key; delete environment",
    ),
    org: ways("", "delete organization; delete team; remove member; delete member"),
    "everyday-write-work": ways("run rerun|cancel; release create|edit|upload; label create|edit", ""),
    merge: ways("pr merge", "merge pull request; create or update file; push file; create commit; delete file"),
    talk: ways(
      "issue create|comment|close|reopen|edit; pr create|comment|review|close|reopen|edit|ready",
      "create issue; add issue comment; create pull request; add comment; update issue; update pull request; create pull request review",
    ),
  },
  naming: {
    switches:
      "-y --yes --no-pager --confirm --cleanup-tag --squash --merge --rebase --auto --admin --delete-branch --accept-visibility-change-consequences",
    valued: "-C -c --git-dir --work-tree -R --repo --visibility",
    behind: { repo: 1, visibility: 1, "release release delete|delete-asset": 1, "release run": 1, "release gist": 1, merge: 1 },
  },
  examples: {
    commands: {
      "gh repo delete acme/shop --yes": "repo",
      "gh -R acme/shop release delete v1": "release",
      "git push origin --delete main": "push",
      "git push origin :main": "push",
      "git -C /tmp/x push -f": "push",
      "gh search repos delete": "read",
      "gh pr list": "read",
      "gh pr checkout 7": "read",
      "git log --oneline -n 5": "read",
      "git fetch origin": "read",
      "git branch -D main": "unknown",
      "git -C /tmp/x --no-pager status": "read",
      "gh -R status workflow disable x": "unknown",
      "gh issue create --title 'repo delete'": "talk",
      "gh workflow run deploy": "unknown",
      "gh run rerun 7 --failed": "everyday-write-work",
      "gh release create v1 --notes delete": "everyday-write-work",
    },
    tools: {
      'delete_repository {"owner":"acme","repo":"shop"}': "repo",
      'merge_pull_request {"pullNumber":7}': "merge",
      'delete_branch {"branch":"main"}': "ref",
      "get_issue {}": "unknown",
    },
  },
};

const stripe: ProviderDoors = {
  provider: "stripe",
  programs: ["stripe"],
  reads: [
    "version|help|status|open|config; logs tail; events list|retrieve; listen",
    "customers|invoices|subscriptions|refunds|payouts|products|prices|coupons|plans|charges|transfers|payment_intents|balance list|retrieve|search; get",
  ],
  operations: {
    customer: ways("customers delete", "delete customer"),
    refund: ways(
      "refunds create; transfers reversals; transfer_reversals create; charges capture",
      "create refund; refund payment; refund",
    ),
    payout: ways(
      "payouts create; transfers create; topups create; treasury outbound_payments",
      "create payout; create transfer; create topup; create outbound payment",
    ),
    subscription: ways("subscriptions cancel|delete; subscription_schedules cancel|release", "cancel subscription; delete subscription"),
    invoice: ways("invoices void_invoice|mark_uncollectible|delete|void", "void invoice; delete invoice; mark uncollectible invoice"),
    account: ways("accounts delete|reject|close", "delete account; reject account; close account"),
    hooks: ways(
      "webhook_endpoints delete|update; products|plans|coupons|promotion_codes delete",
      "delete webhook endpoint; delete product; delete plan; delete coupon",
    ),
    keys: ways("ephemeral_keys create; apps secrets; login", "create ephemeral key"),
  },
  naming: {
    switches: "--live -c --confirm",
    valued: "--api-key -d --data --stripe-account --stripe-version -p --project-name",
    behind: { customer: 1, subscription: 1, invoice: 1, account: 1, hooks: 1 },
  },
  examples: {
    commands: {
      "stripe customers delete cus_1 --live": "customer",
      "stripe --api-key x refunds create --charge ch_1": "refund",
      "stripe customers list": "read",
      "stripe delete /v1/customers/cus_1": "unknown",
    },
    tools: {
      'create_refund {"payment_intent":"pi_1"}': "refund",
      'cancel_subscription {"subscription":"sub_1"}': "subscription",
      "list_customers {}": "unknown",
    },
  },
};

export const workDoors: readonly ProviderDoors[] = [github, stripe];
