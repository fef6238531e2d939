import { attackThroughGateway } from "./full.ts";

attackThroughGateway(15);
