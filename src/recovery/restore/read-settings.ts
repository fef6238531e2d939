/** Settings under which values are read as text, so that two servers write the same value the same way. It sets nothing by itself. */
import { literal } from "../../provision/sql.ts";

/** For the beginning of a transaction; they end with it. */
export const readSettings = [
  ["search_path", ""],
  ["DateStyle", "ISO, YMD"],
  ["IntervalStyle", "iso_8601"],
  ["extra_float_digits", "3"],
  ["bytea_output", "hex"],
  ["TimeZone", "UTC"],
]
  .map(([name = "", value = ""]) => `SET LOCAL ${name} = ${literal(value)};`)
  .join(" ");
