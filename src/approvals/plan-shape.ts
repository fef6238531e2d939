/**
 * The shape of a plan where it comes back from outside, field by field as `model/plan.ts` says it.
 * Whether it is the plan that was made, only the gateway that made it can tell.
 */
import { limits } from "../base/limits.ts";
import { operations } from "../model/effect.ts";
import { environments } from "../model/principal.ts";
import { count, list, milliseconds, object, oneOf, orNull, record, sha256, type Shape, ShapeError, text } from "./shape.ts";

const name = text(limits.planNameCharactersMax);
const sentence = text(limits.planSentenceCharactersMax);
/** Text of at most so many bytes has at most so many characters. */
const statement = text(limits.sqlTextBytesMax);
const many = limits.planListItemsMax;

/** Extents with a figure, and those without. */
const extent: Shape = (value, place) => {
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  if (kind === "exact" || kind === "at_most") object({ kind: oneOf([kind]), count })(value, place);
  else object({ kind: oneOf(["unbounded", "unknown"]) })(value, place);
};

const reversibility = oneOf(["reversible", "restorable", "irreversible", "unknown"]);

const thing = object(
  {
    environment: oneOf([...environments, "unknown", "unasked", "none"]),
    backupCoupling: oneOf(["same_blast_radius", "independent", "unknown"]),
  },
  {
    name,
    sizeBytes: count,
    backups: count,
    newestBackupDays: orNull(count),
    disarmed: oneOf(["request", "session", "thing"]),
  },
);

const yes: Shape = (value, place) => {
  if (value !== true) throw new ShapeError(`${place} must be true, or absent`);
};

const effect = object(
  {
    operation: oneOf(operations),
    resource: object({ type: name, name }),
    extent,
    reversibility,
    cause: oneOf(["direct", "cascade", "trigger", "function", "rule", "view", "default"]),
    detail: name,
  },
  { classification: oneOf(["public", "sensitive", "secret"]), because: sentence, thing, undoable: yes },
);

const rows = object({ inserted: count, updated: count, deleted: count });
const row = orNull(record(orNull(statement), many));

const bin: Shape = (value, place) => {
  const takes = typeof value === "object" && value !== null && "takes" in value ? value.takes : undefined;
  if (takes === "all" || takes === "untried") object({ takes: oneOf([takes]), keepMs: milliseconds })(value, place);
  else object({ takes: oneOf(["nothing"]), because: sentence })(value, place);
};

const measurement = object(
  {
    tables: list(
      object(
        {
          table: name,
          direct: rows,
          following: rows,
          rowsBefore: orNull(count),
          bytes: orNull(count),
          samples: list(object({ before: row, after: row }), many),
        },
        { rowsDigest: sha256 },
      ),
      many,
    ),
    objects: list(object({ type: name, name, change: oneOf(["dropped", "truncated", "altered", "created"]) }, { through: name }), many),
    locks: list(object({ relation: name, mode: name, heldMs: milliseconds }), many),
    parts: list(orNull(count), limits.statementsPerMessageMax),
    elapsedMs: milliseconds,
    on: oneOf(["target", "replica", "clone"]),
  },
  { bin },
);

export const planShape: Shape = object(
  {
    version: oneOf([1]),
    id: name,
    madeAtMs: milliseconds,
    expiresAtMs: milliseconds,
    target: object({ name, environment: oneOf(environments), database: name, identity: sentence }),
    asked: object({ principal: name }, { session: name, run: name, action: name, actsFor: name, purpose: sentence }),
    act: object({ digest: sha256, shown: statement, parts: count }),
    effects: list(effect, many),
    measured: orNull(measurement),
    unmeasured: list(sentence, many),
    reversibility,
    undo: list(sentence, many),
    policy: object({ digest: name, rules: list(name, many) }),
    preconditions: list(object({ name, value: sentence }), many),
    digest: sha256,
  },
  { told: list(sentence, many) },
);
