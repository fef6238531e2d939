/**
 * In which form the clients of each provider read errors, but AWS's (aws-refusals.ts): command lines and libraries show the text that
 * stands where they look for it. Sources: the providers' API references on errors, and what their clients print.
 */
import type { RefusalForm } from "../model/refusal-form.ts";

const message = "{message}";

/** GraphQL over HTTP, "Response": an error in the list of errors; clients show its message. */
const errors = [{ message, extensions: { code: "{reason}" } }];

/** `message` beside a code: GitHub, Heroku, Render, Supabase, Neon, Netlify, DigitalOcean, PlanetScale. */
export const plainRefusals: readonly RefusalForm[] = [{ body: { json: { id: "{reason}", message, code: "{status}" } } }];

/** For clients that take `code` for a word. */
export const wordRefusals: readonly RefusalForm[] = [{ body: { json: { code: "{reason}", message } } }];

export const graphqlRefusals: readonly RefusalForm[] = [{ body: { json: { data: null, errors, message, code: "{status}" } } }];

/** GitHub's command line shows `message`, of GraphQL's errors each. git shows plain text where it asks what there is. */
export const githubRefusals: readonly RefusalForm[] = [
  { when: { path: /\/info\/refs\?/ }, type: "text/plain", body: { text: "{message}\n" } },
  { when: { path: /\/graphql(?:\?|$)/ }, body: { json: { message, errors } } },
  ...plainRefusals,
];

/** flyctl reads `error` as a text, of GraphQL the list of errors. */
export const flyRefusals: readonly RefusalForm[] = [
  { when: { path: /\/graphql(?:\?|$)/ }, body: { json: { data: null, errors, message } } },
  { body: { json: { error: message, message, code: "{reason}" } } },
];

/** `error` with a code and the sentence: Azure's, and Vercel's. */
export const errorRefusals: readonly RefusalForm[] = [{ body: { json: { error: { code: "{reason}", message } } } }];

/** Google's API design guide, "Errors". */
export const googleRefusals: readonly RefusalForm[] = [
  {
    status: 403,
    body: {
      json: {
        error: {
          code: "{status}",
          message,
          status: "PERMISSION_DENIED",
          errors: [{ message, domain: "global", reason: "forbidden" }],
          details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "{reason}", domain: "holdfast" }],
        },
      },
    },
  },
];

export const cloudflareRefusals: readonly RefusalForm[] = [
  { body: { json: { success: false, errors: [{ code: 10000, message }], messages: [], result: null } } },
];

export const stripeRefusals: readonly RefusalForm[] = [
  { status: 403, body: { json: { error: { type: "invalid_request_error", code: "{reason}", message } } } },
];

/** Kubernetes API conventions, "Response Status Kind". */
export const kubernetesRefusals: readonly RefusalForm[] = [
  { body: { json: { kind: "Status", apiVersion: "v1", status: "Failure", message, reason: "Forbidden", code: "{status}" } } },
];
