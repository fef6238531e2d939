/**
 * Medians and percentiles of measured figures. It does not measure.
 */

/** The figure below which `share` (0 to 1) of the figures lie; NaN for none. Does not change its argument. */
export function percentile(figures: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(figures).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (figures: ArrayLike<number>): number => percentile(figures, 0.5);
