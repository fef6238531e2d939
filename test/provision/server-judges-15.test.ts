import { serverJudges } from "./server-judges.ts";

serverJudges(15);
