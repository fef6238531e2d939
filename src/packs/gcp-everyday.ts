/**
 * What Google's client libraries and command lines send every day as POST and what loses nothing: reads, models that are asked, telemetry.
 * It looks into nothing.
 */
import { everydayAt } from "./everyday.ts";

const acts = (at: string, names: string): readonly string[] => names.split(" ").map((name) => `POST ${at}:${name}`);

const firestore = "firestore.googleapis.com/**/{d}";
const session = "spanner.googleapis.com/v1/projects/{p}/instances/{i}/databases/{d}/sessions";

export const gcpEveryday = everydayAt("https://cloudresourcemanager.googleapis.com", [
  {
    class: "read",
    thing: "question",
    doors: [
      "POST /**/{x}:testIamPermissions",
      "POST /**/{x}:getIamPolicy",
      "POST logging.googleapis.com/v2/entries:list",
      "POST monitoring.googleapis.com/v3/projects/{p}/timeSeries:query",
      ...["query", "query_range", "labels", "series"].map(
        (each) => `POST monitoring.googleapis.com/v1/projects/{p}/location/global/prometheus/api/v1/${each}`,
      ),
      ...acts(firestore, "runQuery runAggregationQuery batchGet listCollectionIds partitionQuery"),
      ...acts("datastore.googleapis.com/v1/projects/{p}", "runQuery runAggregationQuery lookup"),
      ...acts(`${session}/{s}`, "read streamingRead partitionRead partitionQuery"),
    ],
    misses: ["POST /v3/projects/p:setIamPolicy {}", "POST https://datastore.googleapis.com/v1/projects/p:commit {}"],
  },
  {
    class: "read",
    thing: "model",
    doors: [
      ...acts(
        "generativelanguage.googleapis.com/*/models/{m}",
        "generateContent streamGenerateContent countTokens embedContent batchEmbedContents",
      ),
      ...acts(
        "aiplatform.googleapis.com/**/{m}",
        "generateContent streamGenerateContent countTokens computeTokens embedContent predict rawPredict streamRawPredict serverStreamingPredict",
      ),
      "POST translation.googleapis.com/language/translate/v2/**",
      "POST translate.googleapis.com/v3/projects/**/{p}:translateText",
      "POST vision.googleapis.com/v1/images:annotate",
      ...acts(
        "language.googleapis.com/*/documents",
        "analyzeSentiment analyzeEntities analyzeSyntax annotateText classifyText moderateText",
      ),
      "POST speech.googleapis.com/v1/speech:recognize",
      "POST texttospeech.googleapis.com/v1/text:synthesize",
    ],
    misses: [
      "DELETE https://generativelanguage.googleapis.com/v1beta/files/x",
      "POST https://aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/e:undeployModel {}",
      "DELETE https://aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/e",
    ],
  },
  {
    class: "write",
    thing: "message",
    doors: [
      "POST pubsub.googleapis.com/v1/projects/{p}/topics/{t}:publish",
      "POST logging.googleapis.com/v2/entries:write",
      "POST monitoring.googleapis.com/v3/projects/{p}/timeSeries",
      "POST cloudtrace.googleapis.com/v2/projects/{p}/traces:batchWrite",
      "POST clouderrorreporting.googleapis.com/v1beta1/projects/{p}/events:report",
      ...["traces", "metrics", "logs"].map((each) => `POST telemetry.googleapis.com/v1/${each}`),
      "POST bigquery.googleapis.com/bigquery/v2/projects/{p}/datasets/{d}/tables/{t}/insertAll",
    ],
    misses: ["DELETE https://pubsub.googleapis.com/v1/projects/p/topics/t", "DELETE https://monitoring.googleapis.com/v3/projects/p/x"],
  },
  {
    class: "write",
    thing: "session",
    doors: [
      ...acts(firestore, "beginTransaction rollback"),
      ...acts("datastore.googleapis.com/v1/projects/{p}", "beginTransaction rollback allocateIds"),
      `POST ${session}`,
      `POST ${session}:batchCreate`,
      `DELETE ${session}/{s}`,
      ...acts(`${session}/{s}`, "beginTransaction rollback"),
    ],
    misses: [
      `POST https://${session.replace(/[{}]/g, "")}/s:commit {}`,
      "POST https://firestore.googleapis.com/v1/projects/p/databases/d:commit {}",
    ],
  },
]);
