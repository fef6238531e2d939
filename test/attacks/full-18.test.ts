import { attackThroughGateway } from "./full.ts";

attackThroughGateway(18);
