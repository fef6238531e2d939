/**
 * One request of an HTTP API as it arrived, before anything is read out of it.
 * It does not hold what the request means; `effects/http` finds that out.
 */
export interface HttpRequest {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  /** In their order; a name may stand several times. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Empty where there is none. */
  readonly body: string;
}
