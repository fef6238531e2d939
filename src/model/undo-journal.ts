/**
 * Where row images are kept at a server, and under which settings their texts are written: whoever reads them back must use the same.
 * It holds names and no statement; provisioning makes what they name.
 */

/** Schema of the journal. Agents have no right in it. */
export const undoSchema = "holdfast_undo";

/**
 * The journal's one table, quoted as it stands: one row a batch of row texts of one relation.
 *
 * | column | type | what |
 * |---|---|---|
 * | id | bigint | order of writing |
 * | transaction | bigint | the server's 64-bit transaction id |
 * | relation | oid | the table that the statement named: of a partitioned table the parent, when it was named |
 * | columns | int2[] | attribute numbers of the row text's fields, in their order |
 * | op | "char" | `I`, `U`, `D` |
 * | at | timestamptz | when |
 * | role | name | login role (session_user) |
 * | pid | int4 | server process |
 * | gone | text[] | rows as they were; null: none |
 * | came | text[] | rows as they became; null: none |
 *
 * A virtual generated column has a field, and it is empty: the server computes such a value when it is read.
 * Within an `U` the two are not aligned, and may stand in different rows: they are multisets of the statement.
 */
export const undoTable = "holdfast_undo.change";

/** Functions of the journal's schema that triggers call. */
export const keepFunctions: ReadonlySet<string> = new Set(["keep", "keep_row", "pass"]);

/** Settings on which the text of a row depends. */
export const imageSettings: Readonly<Record<string, string>> = {
  search_path: "",
  DateStyle: "ISO, YMD",
  IntervalStyle: "postgres",
  TimeZone: "UTC",
  extra_float_digits: "1",
  bytea_output: "hex",
  lc_monetary: "C",
};
