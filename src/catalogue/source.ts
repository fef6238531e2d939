/**
 * Where a session gets the version of the catalogue that resolves its names.
 * It does not hold the snapshot itself: that lives with the analysis, keyed by version.
 */
export interface CatalogueSource {
  /**
   * Version of the newest snapshot of this database. Unique across all targets and databases of the process. 0: no catalogue can be
   * read now, and nothing can be analysed.
   */
  readonly version: number;
  /**
   * Takes a new snapshot; resolves with the version that is current afterwards (unchanged content keeps its version). Rejects when
   * the server cannot be read.
   */
  refresh(): Promise<number>;
}
