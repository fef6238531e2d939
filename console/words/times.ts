/**
 * Times as people read them: how long is left, how long ago, at what time of day.
 * It asks no clock: the time now comes by argument, and is the server's.
 */

/** "9:41", "1:02:03"; "0:00" once it is over. */
export function countdown(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  const two = (number: number): string => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** "4 s", "12 min", "3 h", "2 days": the coarsest unit that is not nothing. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

export function ago(atMs: number, nowMs: number): string {
  return nowMs - atMs < 1000 ? "just now" : `${duration(nowMs - atMs)} ago`;
}

/** "10:31:07" today, with the date on another day: in the reader's own zone. */
export function clockTime(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const time = at.toLocaleTimeString("en-GB", { hour12: false });
  const day = at.toLocaleDateString("sv-SE");
  return day === new Date(nowMs).toLocaleDateString("sv-SE") ? time : `${day} ${time}`;
}
