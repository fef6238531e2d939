/**
 * Every bound of the program in one place, each with its unit in its name and the reason for its size.
 * It does not hold what an operator may set: those defaults stand in the policy presets and the config schema.
 */

export const limits = {
  /** A wire frame before authentication: start-up packets and passwords are small (PostgreSQL's own bound is 10,000). */
  startupFrameBytesMax: 10_000,
  /** A frame of the server before its first ReadyForQuery, and of our pinning: error texts and one row (libpq allows an error 30,000). */
  serverLoginFrameBytesMax: 64 * 1024,
  /** All that a server may send from the first byte until its session is pinned: parameters, notices, one row. */
  serverLoginBytesMax: 1024 * 1024,
  /** SCRAM iterations a server may ask of us: PostgreSQL's default is 4,096; more than this is a way to keep us busy. */
  scramIterationsMax: 1_000_000,
  /** A frame that must be held whole to be judged (Query, Parse, FunctionCall). Longer text is refused, never forwarded. */
  judgedFrameBytesMax: 1024 * 1024,
  /** A frame that is streamed (CopyData, DataRow, Bind) may claim up to PostgreSQL's own limit, but is never buffered whole. */
  streamedFrameBytesMax: 0x3fff_ffff,
  /** A plan of an infrastructure tool as JSON: large stacks have some ten thousand things with all their attributes. */
  infraPlanBytesMax: 256 * 1024 * 1024,
  /** Text given to the SQL parser, in UTF-8 bytes. */
  sqlTextBytesMax: 1024 * 1024,
  /** A line of `explain`: JSON may spell one byte of SQL in six (`\u0041`), and a little stands around it. */
  explainLineBytesMax: 6 * 1024 * 1024 + 64 * 1024,
  /** What the server answers to one act that the executor runs: it is kept until COMMIT is through, so a longer one is rolled back. */
  executorAnswerBytesMax: 16 * 1024 * 1024,
  /** Statements in one simple query. */
  statementsPerMessageMax: 10_000,
  /** A body of an HTTP request that is looked into; a longer one is opaque. */
  httpBodyBytesMax: 1024 * 1024,
  /** A body whose hash a signature needs and no header names: it is held whole, to be signed anew. Batches of AWS have up to 16 MiB. */
  httpSignedBodyBytesMax: 16 * 1024 * 1024,
  /** Headers of one HTTP request or answer, in bytes. */
  httpHeadBytesMax: 64 * 1024,
  /** Headers of one HTTP request. */
  httpHeadersMax: 200,
  /** Time from an HTTP connection's or request's first byte to the end of its headers. */
  httpHeadMsMax: 10_000,
  /** An HTTP connection on which nothing moves. */
  httpIdleMsMax: 120_000,
  /** A stream of gRPC that is still open so long after a whole message is judged by what came: a call of one message ends at once. */
  httpOpenMsMax: 1_000,
  /** Time until a provider's answer begins: some think for minutes. */
  httpAnswerMsMax: 15 * 60_000,
  /** A message of a client on a WebSocket: it is held whole, to be looked at. Consoles and kubectl send some ten KiB at once. */
  webSocketMessageBytesMax: 1024 * 1024,
  /** An answer of GraphQL on a WebSocket: it is held whole, to be told apart from the others. */
  webSocketAnswerBytesMax: 16 * 1024 * 1024,
  /** A WebSocket on which nothing moves, pings included. */
  webSocketIdleMsMax: 15 * 60_000,
  /** From the first word that a WebSocket is over until its sockets go. */
  webSocketCloseMsMax: 5_000,
  /** Acts that are under way on one WebSocket. */
  webSocketActsMax: 256,
  /** Bytes of a connection's beginning that are looked at for the host it is for. */
  clientHelloBytesMax: 16 * 1024 + 5,
  /** Nesting of a JSON body: no API of the packs nests a tenth of it. */
  httpBodyDepthMax: 100,
  /** Tokens of a GraphQL document: the longest that consoles send have some thousands. */
  graphqlTokensMax: 10_000,
  /** Operations of one GraphQL request, batched or as fields of one mutation. */
  graphqlFieldsMax: 1_000,
  /** GraphQL documents that are remembered, to be named by their digest later, and how long one may be. */
  graphqlSeenMax: 256,
  graphqlSeenCharactersMax: 65_536,
  /** Processor time for one parse and analysis in a worker before that worker is replaced. */
  analysisMsMax: 2_000,
  /** The same by the clock: ten times as long, for a machine on which everything is slow. */
  analysisWaitMsMax: 20_000,
  /** Depth of the tree walk; PostgreSQL refuses deeper text itself ("stack depth limit exceeded"). */
  treeDepthMax: 5_000,
  /** Judged texts kept for one decision context. */
  decisionCacheEntriesMax: 4_096,
  /** Texts longer than this are judged anew each time, so that the cache is bounded in bytes too. */
  decisionCacheTextBytesMax: 16 * 1024,
  /** Prepared statements of one session that are tracked; one more is refused. */
  preparedStatementsMax: 10_000,
  /** Reads of the audit log may wait this long for their sync; at most this much of the record is lost with the machine. */
  auditReadSyncMsMax: 200,
  /** An audit record, in bytes: longer text is cut and its digest kept. */
  auditRecordBytesMax: 64 * 1024,
  /** Audit records waiting in memory for a slow disk, in bytes; beyond it the log counts as unavailable. */
  auditPendingBytesMax: 32 * 1024 * 1024,
  /** Time from a connection's first byte to its authentication. */
  authenticationMsMax: 10_000,
  /** Wrong passwords of one name that are answered at once: people mistype. */
  loginFailuresFree: 3,
  /** The longest that the answer to a wrong password waits; below the time of a login. */
  loginDelayMsMax: 5_000,
  /** A wrong password counts for the next one this long. */
  loginFailuresRememberedMs: 60_000,
  /** Answers to wrong passwords of one name that wait at a time; with more, no password of that name is looked at. */
  loginAnswersHeldMax: 32,
  /** Names whose wrong passwords are counted apart; those beyond share one count. */
  loginNamesMax: 1_000,
  /** Connections of one listener. */
  connectionsMax: 10_000,
  /** A plan as a file, or as the body of a request: a text that JSON may spell one byte in six, and what was measured of it. */
  planFileBytesMax: 8 * 1024 * 1024,
  /** A name in a plan: a schema, a relation and a column of 63 bytes each, quoted, and what stands around them. */
  planNameCharactersMax: 2_000,
  /** A sentence in a plan, or a precondition's value. */
  planSentenceCharactersMax: 20_000,
  /** Tables, objects, locks, effects ... of one plan. */
  planListItemsMax: 10_000,
  /** A file that `scan` reads: secrets stand in small files, and a dump of a database would only cost time. */
  scanFileBytesMax: 8 * 1024 * 1024,
  /** Files of one scan: more is another folder than was meant. */
  scanFilesMax: 500_000,
  /** Folders within folders that `scan` goes down. */
  scanDepthMax: 64,
} as const;
