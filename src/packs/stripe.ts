/** Stripe: money, customers, subscriptions. Bodies are forms. */
import { stripeLookups } from "./lookups/stripe.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { stripeRefusals } from "./refusals.ts";

const op = operationsAt("https://api.stripe.com");
const reads = ["GET /v1/customers/c"];

const everyday = everydayAt("https://api.stripe.com", [
  {
    class: "write",
    thing: "object",
    doors: [
      "POST /v1/customers",
      "POST /v1/customers/{id}",
      "POST /v1/products",
      "POST /v1/products/{id}",
      "POST /v1/prices",
      "POST /v1/prices/{id}",
      "POST /v1/checkout/sessions",
      "POST /v1/payment_links",
      "POST /v1/quotes",
    ],
    misses: ["POST /v1/invoices/i/void", "POST /v1/payouts amount=1"],
    look: [{ at: "body balance", is: "present", class: "money", because: "it sets what the customer owes" }],
  },
  { class: "read", thing: "preview", doors: ["POST /v1/invoices/create_preview"], misses: ["POST /v1/invoices customer=c"] },
]);

export const stripe: Pack = {
  provider: "stripe",
  hosts: ["api.stripe.com"],
  authSlots: ["authorization"],
  refusals: stripeRefusals,
  lookups: stripeLookups,
  operations: [
    op(["customer", "destroy", "customer"], ["DELETE /v1/customers/{id}"], { matches: ["DELETE /v1/customers/c"], misses: reads }),
    op(["refund", "money", "refund"], ["POST /v1/refunds", "POST /v1/transfers/{id}/reversals", "POST /v1/charges/{id}/refunds"], {
      matches: ["POST /v1/refunds charge=c&amount=100", "POST /v1/transfers/t/reversals"],
      misses: ["GET /v1/refunds"],
    }),
    op(
      ["payout", "money", "payout"],
      [
        "POST /v1/payouts",
        "POST /v1/transfers",
        "POST /v1/topups",
        "POST /v2/money_management/outbound_payments",
        "POST /v1/treasury/outbound_payments",
        "POST /v1/charges",
        "POST /v1/payment_intents/**",
      ],
      {
        matches: [
          "POST /v1/payouts amount=100&currency=eur",
          "POST /v1/transfers amount=1",
          'POST /v2/money_management/outbound_payments {"amount":1}',
        ],
        misses: ["GET /v1/payouts"],
      },
    ),
    op(
      ["subscription", "destroy", "subscription"],
      ["DELETE /v1/subscriptions/{id}", "POST /v1/subscription_schedules/{id}/cancel"],
      {
        matches: ["DELETE /v1/subscriptions/s", "POST /v1/subscription_schedules/s/cancel"],
        misses: ["GET /v1/subscriptions/s"],
      },
      { undo: "made again by hand" },
    ),
    op(
      ["invoice", "destroy", "invoice"],
      ["POST /v1/invoices/{id}/void", "POST /v1/invoices/{id}/mark_uncollectible", "DELETE /v1/invoices/{id}"],
      { matches: ["POST /v1/invoices/i/void", "DELETE /v1/invoices/i"], misses: ["GET /v1/invoices/i"] },
    ),
    op(
      ["account", "destroy", "account"],
      ["DELETE /v1/accounts/{id}", "POST /v1/accounts/{id}/reject", "POST /v2/core/accounts/{id}/close"],
      {
        matches: ["DELETE /v1/accounts/a", "POST /v1/accounts/a/reject reason=fraud", "POST /v2/core/accounts/a/close {}"],
        misses: ["GET /v1/accounts/a"],
      },
    ),
    op(
      ["hooks", "outage", "hook"],
      ["DELETE /v1/webhook_endpoints/{id}", "DELETE /v1/products/{id}", "DELETE /v1/plans/{id}", "DELETE /v1/coupons/{id}"],
      { matches: ["DELETE /v1/webhook_endpoints/w", "DELETE /v1/products/p"], misses: ["GET /v1/products/p"] },
    ),
    op(["keys", "credential", "key"], ["POST /v1/ephemeral_keys", "POST /v1/account_links", "GET+POST /v1/apps/secrets/**"], {
      matches: ["POST /v1/ephemeral_keys customer=c", "GET /v1/apps/secrets/find?name=n"],
      misses: reads,
    }),
    op(
      ["card", "read", "card"],
      ["GET /v1/issuing/cards/**"],
      { matches: ["GET /v1/issuing/cards/c"], misses: reads },
      { look: [{ at: "query **", is: ["number", "cvc"], class: "credential", because: "it shows a card's number" }] },
    ),
    ...everyday,
  ],
};
