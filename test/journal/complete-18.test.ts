/** Images of changed rows on PostgreSQL 18: complete, whatever changed the rows. */
import { imagesAreComplete } from "./complete.ts";

imagesAreComplete(18);
