/**
 * Keys of the large clouds and of what is hosted beside them.
 * Facts from the providers' own pages on key formats.
 */
import { entropy } from "../chance.ts";
import type { TokenShape } from "../credential.ts";

const account = "delete whatever its account may: storage, databases, machines, backups";

export const cloudShapes: readonly TokenShape[] = [
  {
    id: "aws-access-key-id",
    kind: "AWS access key ID",
    marks: ["AKIA", "ASIA", "ABIA"],
    shape: "(?:AKIA|ASIA|ABIA)[A-Z2-7]{16}",
    accept: (token) => entropy(token.slice(4)) > 2.6,
    examples: { hits: ["aws_access_key_id = AKIA{b32:16}"], misses: ["AKIA{b32:9}EXAMPLE", "AKIAXXXXXXXXXXXXXXXX", "ASIAPACIFIC"] },
  },
  {
    id: "google-api-key",
    kind: "Google API key",
    marks: ["AIza"],
    shape: "AIza[\\w-]{35}",
    // What Firebase puts into web pages names an application and opens nothing by itself.
    unless: /messagingSenderId|firebaseapp\.com|"mobilesdk_app_id"|GOOGLE_APP_ID/,
    examples: { hits: ["GEMINI_API_KEY=AIza{base62:35}"], misses: ['apiKey: "AIza{base62:35}", messagingSenderId: "1"'] },
  },
  {
    id: "google-oauth-secret",
    kind: "Google OAuth client secret",
    marks: ["GOCSPX-"],
    shape: "GOCSPX-[\\w-]{28}",
    examples: { hits: ["client_secret: GOCSPX-{base62:28}"], misses: ["GOCSPX-"] },
  },
  {
    id: "google-oauth-token",
    kind: "Google OAuth token",
    marks: ["ya29.", "1//0"],
    shape: "ya29\\.[\\w-]{40,1000}|1//0[\\w-]{40,200}",
    destroys: account,
    examples: { hits: ['"access_token": "ya29.{base62:120}"', '"refresh_token": "1//0{base62:90}"'], misses: ["ya29.", "1//0 + 1"] },
  },
  {
    id: "azure-client-secret",
    kind: "Microsoft Entra client secret",
    marks: ["Q~"],
    shape: "[A-Za-z0-9_~.]{3}\\dQ~[A-Za-z0-9_~.-]{31,34}",
    destroys: account,
    examples: { hits: ["AZURE_CLIENT_SECRET={base62:3}8Q~{base62:34}"], misses: ["FAQ~question"] },
  },
  {
    id: "azure-account-key",
    kind: "Azure storage or bus key",
    marks: ["AccountKey=", "SharedAccessKey="],
    shape: "(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{42,86}={1,2}",
    destroys: "delete the account's containers, tables, queues and backups",
    examples: {
      hits: ["DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={b64:86}==;EndpointSuffix=core.windows.net"],
      // The emulator's key is the same for everybody and printed in its manual; its beginning is enough to know it.
      misses: ["AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsu{b64:38}==", "AccountKey=<key>;"],
    },
    accept: (token) => !token.includes("=Eby8vdM02xNOcqF"),
  },
  {
    id: "alibaba-key-id",
    kind: "Alibaba Cloud access key ID",
    marks: ["LTAI"],
    shape: "LTAI[A-Za-z0-9]{17,21}",
    examples: { hits: ["LTAI{base62:20}"], misses: ["LTAI"] },
  },
  {
    id: "tencent-key-id",
    kind: "Tencent Cloud secret ID",
    marks: ["AKID"],
    shape: "AKID[A-Za-z0-9]{32}",
    examples: { hits: ["AKID{base62:32}"], misses: ["AKID_NOT_FOUND"] },
  },
  {
    id: "yandex-token",
    kind: "Yandex Cloud token",
    marks: ["t1.9eu", "y0_A", "AQVN"],
    shape: "t1\\.9eu[\\w-]{20,400}={0,2}\\.[\\w-]{86}={0,2}|y0_A[\\w-]{50,60}|AQVN[\\w-]{35,38}",
    destroys: account,
    examples: { hits: ["AQVN{base62:36}"], misses: ["AQVN"] },
  },
  {
    id: "cloudflare-origin-key",
    kind: "Cloudflare origin CA key",
    marks: ["v1.0-"],
    shape: "v1\\.0-[0-9a-f]{24}-[0-9a-f]{146}",
    examples: { hits: ["v1.0-{hex:24}-{hex:146}"], misses: ["v1.0-beta", "v1.0-{hex:7}"] },
  },
];
