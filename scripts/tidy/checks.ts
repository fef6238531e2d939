/**
 * The ordered list of tidy checks. A new one is a function in a file beside this one and a line here.
 * It runs nothing itself.
 */
import { bannedCalls } from "./calls.ts";
import { deadFiles, defaultExports, unlistedExtensions, unpairedEntries } from "./graph.ts";
import { blobSize, fileSize, functionSize, lineLength } from "./sizes.ts";
import type { Check } from "./source.ts";
import { bannedWords, glossaryNames, leftoverMarks, machinePath, openingComment } from "./words.ts";

export const checks: Readonly<Record<string, Check>> = {
  fileSize,
  functionSize,
  lineLength,
  blobSize,
  openingComment,
  glossaryNames,
  bannedWords,
  leftoverMarks,
  machinePath,
  bannedCalls,
  defaultExports,
  deadFiles,
  unlistedExtensions,
  unpairedEntries,
};
