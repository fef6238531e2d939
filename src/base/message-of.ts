/**
 * What an error says, for a message of ours: also of what was thrown without being an error, and of system errors that say only a code.
 * It shows no stack.
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code || error.name : String(error);
}
