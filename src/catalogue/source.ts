/**
 * Where a session gets the version of the catalogue that resolves its names.
 * It does not hold the snapshot itself: that lives with the analysis, keyed by version.
 */
export interface CatalogueSource {
  /**
   * Version of the newest catalogue of this database. Unique across all targets and databases of the process. 0: no catalogue can be
   * read now, and nothing can be analysed.
   */
  readonly version: number;
  /**
   * Of the content, the same in every process that reads this database. `undefined` while it is not certain: after `refresh` it is.
   * Absent: nothing but the version tells one content from another.
   */
  readonly digest?: string | undefined;
  /**
   * Sees to it that `version` holds what was committed before the call; resolves with the version that is current afterwards (unchanged
   * content keeps its version). Rejects when the server cannot be read.
   */
  refresh(): Promise<number>;
  /**
   * Whether a statement may be judged by `version` now. False: something was defined that it does not hold, or nobody has looked for
   * too long; `refresh` comes first. Who asks keeps the catalogue looked after. Absent: it may.
   */
  usable?(): boolean;
  /**
   * Tells what a session has defined, when the server has said that it is committed. A list: what the texts say is all there is to it,
   * and `version` holds it from now on. `undefined`: what was defined must be read from the server. Absent: call `refresh`.
   */
  defined?(definitions: readonly Definition[] | undefined): void;
}

/** One statement of DDL as it was sent, and the search path that was in force for it. */
export interface Definition {
  readonly text: string;
  readonly searchPath: readonly string[];
}
