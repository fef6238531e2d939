/**
 * Tokens of the applications that programs call: models, payments, mail, chat, watching.
 * Facts from the providers' own pages on token formats. A holder spends, reads and sends; few of these can destroy.
 */
import type { TokenShape } from "../credential.ts";

export const applicationShapes: readonly TokenShape[] = [
  {
    id: "anthropic-key",
    kind: "Anthropic API key",
    marks: ["sk-ant-"],
    shape: "sk-ant-(?:api|admin|oat|ort)\\d\\d-[\\w-]{80,120}",
    examples: { hits: ["sk-ant-api03-{base62:93}AA"], misses: ["sk-ant-api03-xxxxxxxx", "sk-ant-..."] },
  },
  {
    id: "openai-key",
    kind: "OpenAI API key",
    marks: ["sk-"],
    shape:
      "sk-(?:proj|svcacct|admin|None)-[\\w-]{20,80}T3BlbkFJ[\\w-]{20,80}|" +
      "sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|sk-(?:proj|svcacct|admin)-[\\w-]{90,180}",
    examples: {
      hits: ["sk-proj-{base62:74}T3BlbkFJ{base62:74}", "sk-{base62:20}T3BlbkFJ{base62:20}"],
      misses: ["sk-proj-your-key-here", "sk-learn"],
    },
  },
  {
    id: "model-key",
    kind: "key of a model provider",
    marks: ["sk-or-v1-", "gsk_", "xai-", "pplx-", "r8_", "hf_", "nvapi-", "tgp_v1_", "fw_", "sk-lf-"],
    shape:
      "sk-or-v1-[0-9a-f]{64}|gsk_[A-Za-z0-9]{52}|xai-[A-Za-z0-9]{80}|pplx-[A-Za-z0-9]{48}|" +
      "r8_[A-Za-z0-9]{37}|hf_[A-Za-z]{34}|nvapi-[\\w-]{64}|" +
      "tgp_v1_[\\w-]{43}|sk-lf-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    examples: {
      hits: ["sk-or-v1-{hex:64}", "gsk_{base62:52}", "hf_{alpha:34}", "r8_{base62:37}"],
      misses: ["hf_hub_download", "gsk_tool"],
    },
  },
  {
    id: "stripe-key",
    kind: "Stripe key",
    marks: ["sk_live_", "rk_live_", "sk_test_", "rk_test_"],
    shape: "[sr]k_(?:live|test)_[A-Za-z0-9]{24,247}",
    destroys: "cancel subscriptions, delete customers, pay money out",
    examples: {
      hits: ["STRIPE_SECRET_KEY=sk_live_{base62:99}", "rk_live_{base62:24}"],
      misses: ["pk_live_{base62:99}", "sk_test_xxxxxxxxxxxxxxxxxxxxxxxx"],
    },
  },
  {
    id: "webhook-secret",
    kind: "webhook signing secret",
    marks: ["whsec_"],
    shape: "whsec_[A-Za-z0-9+/]{32,64}={0,2}",
    examples: { hits: ["whsec_{base62:32}"], misses: ["whsec_test"] },
  },
  {
    id: "shop-token",
    kind: "Shopify token",
    marks: ["shpat_", "shpca_", "shppa_", "shpss_"],
    shape: "shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    destroys: "delete products, orders and customers of a shop",
    examples: { hits: ["shpat_{hex:32}"], misses: ["shpat_token"] },
  },
  {
    id: "payment-token",
    kind: "Square or PayPal token",
    marks: ["sq0csp-", "sq0atp-", "EAAA", "access_token$production$"],
    shape: "sq0csp-[\\w-]{43}|sq0atp-[\\w-]{22}|EAAA[\\w-]{60}|access_token\\$production\\$[0-9a-z]{16}\\$[0-9a-f]{32}",
    destroys: "pay money out and refund",
    examples: { hits: ["sq0csp-{base62:43}", "EAAA{base62:60}"], misses: ["EAAA", "access_token$sandbox"] },
  },
  {
    id: "slack-token",
    kind: "Slack token",
    marks: ["xoxb-", "xoxp-", "xoxa-", "xoxs-", "xoxr-", "xoxe", "xapp-"],
    shape: "xox[abpsr]-\\d[\\dA-Za-z-]{30,250}|xoxe(?:\\.xox[bp])?-\\d-[A-Za-z0-9]{100,250}|xapp-\\d-[A-Z0-9]+-\\d+-[a-z0-9]{32,100}",
    destroys: "delete messages, files and channels it may see",
    examples: { hits: ["xoxb-{digits:12}-{digits:13}-{base62:24}"], misses: ["xoxb-your-token", "xoxb-{digits:4}"] },
  },
  {
    id: "slack-webhook",
    kind: "Slack webhook address",
    marks: ["hooks.slack.com/"],
    shape: "https://hooks\\.slack\\.com/(?:services|workflows|triggers)/T?[A-Z0-9]{8,14}/[A-Z0-9]{8,14}/[A-Za-z0-9]{20,34}",
    examples: {
      hits: ["https://hooks.slack.com/services/T{upper:10}/B{upper:10}/{base62:24}"],
      misses: ["https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"],
    },
  },
  {
    id: "discord-webhook",
    kind: "Discord webhook address",
    marks: ["discord.com/api/webhooks/", "discordapp.com/api/webhooks/"],
    shape: "https://(?:\\w+\\.)?discord(?:app)?\\.com/api/webhooks/\\d{17,20}/[\\w-]{60,80}",
    examples: {
      hits: ["https://discord.com/api/webhooks/{digits:18}/{base62:68}"],
      misses: ["https://discord.com/api/webhooks/{digits:18}/token"],
    },
  },
  {
    id: "discord-bot-token",
    kind: "Discord bot token",
    marks: ["."],
    shape: "[MNO][A-Za-z\\d_-]{23,25}\\.[\\w-]{6}\\.[\\w-]{27,38}",
    accept: (token) => /^\d{17,20}$/.test(Buffer.from(token.split(".")[0] ?? "", "base64").toString("latin1")),
    destroys: "delete channels and messages of the servers it is in",
    examples: { hits: ["{snowflake}.{base62:6}.{base62:38}"], misses: ["M{base62:23}.{base62:6}.{base62:27}", "Network.Socket.Listener"] },
  },
  {
    id: "telegram-bot-token",
    kind: "Telegram bot token",
    marks: [":AA"],
    shape: "\\d{8,10}:AA[\\w-]{33}",
    examples: { hits: ["{digits9:10}:AA{base62:33}"], misses: ["12:AA{hex:4}"] },
  },
  {
    id: "mail-key",
    kind: "key of a mail provider",
    marks: ["SG.", "re_", "xkeysib-", "key-", "-us"],
    shape:
      "SG\\.[\\w-]{22}\\.[\\w-]{43}|re_[A-Za-z0-9]{8}_[A-Za-z0-9]{24}|xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}|" +
      "key-[0-9a-f]{32}|[0-9a-f]{32}-us\\d{1,2}",
    examples: {
      hits: ["SG.{base62:22}.{base62:43}", "re_{base62:8}_{base62:24}", "key-{hex:32}"],
      misses: ["SG.Config.load", "key-value-store", "re_compile_all"],
    },
  },
  {
    id: "watching-key",
    kind: "key of a monitoring provider",
    marks: ["NRAK-", "glsa_", "glc_", "sntrys_", "sntryu_", "phx_", "lsv2_"],
    shape:
      "NRAK-[A-Z0-9]{27}|glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_eyJ[A-Za-z0-9+/=]{60,400}|" +
      "sntrys_eyJ[\\w+/=-]{80,400}|sntryu_[0-9a-f]{64}|phx_[A-Za-z0-9]{43,48}|" +
      "lsv2_[ps][tk]_[0-9a-f]{32}_[0-9a-f]{10}",
    destroys: "delete dashboards, alerts and what was recorded",
    examples: { hits: ["NRAK-{upper:27}", "glsa_{base62:32}_{hex:8}", "sntryu_{hex:64}"], misses: ["phc_{base62:43}", "glsa_name"] },
  },
  {
    id: "work-tracker-key",
    kind: "key of a work tracker",
    marks: ["lin_api_", "lin_oauth_", "ntn_", "secret_", "PMAK-", "figd_", "pat"],
    shape:
      "lin_(?:api|oauth)_[A-Za-z0-9]{40,64}|ntn_\\d{11}[A-Za-z0-9]{35}|secret_[A-Za-z0-9]{43}|" +
      "PMAK-[0-9a-f]{24}-[0-9a-f]{34}|figd_[\\w-]{38,43}|pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}",
    destroys: "delete pages, tasks and files it may edit",
    examples: {
      hits: ["lin_api_{base62:40}", "ntn_{digits:11}{base62:35}", "PMAK-{hex:24}-{hex:34}"],
      misses: ["secret_name", "pattern.match"],
    },
  },
];
